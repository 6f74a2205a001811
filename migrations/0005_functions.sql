-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 106318319f3c713a5d2cfe7accb1e1ce90a7b57312a070759d64dd57877e362c

do $$ begin null; end $$;
