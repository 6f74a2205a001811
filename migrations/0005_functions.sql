-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: bb1748876e6cadcc12addb303dd1c58049f7a5e8f0e2f0584c0cfd32abceec7a

do $$ begin null; end $$;
