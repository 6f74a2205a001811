-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 1cddbef1fae7a7a9dde644c6b04929d7c7e5159fd458d08dc97905b2b1ed35f7

do $$ begin null; end $$;
