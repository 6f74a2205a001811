-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 1a18599cf40bddf4217046b994de850473ecea0a714f5f162ff7fd9699b95d6f

do $$ begin null; end $$;
