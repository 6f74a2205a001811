-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 5bf53376fd55ef49fef86b1eb5533c27164fed21de1162d2c27d9b9c0cb9e72e

do $$ begin null; end $$;
