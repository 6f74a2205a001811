-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: d5e33a3e3ed2d1a12e84ac583c25125322afd4293233c046eeaf745831959e3f

do $$ begin null; end $$;
