-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 41a839bb5aaac97da6460447b7edb07e14ada5dea4a5abe37ec01eeb3f6e8329

do $$ begin null; end $$;
