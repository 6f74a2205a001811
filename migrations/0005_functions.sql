-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: def250acbe2d39509f4ab24ae450dd0e73d09080a73a6fcd2381962edb50c95c

do $$ begin null; end $$;
