-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: b4b71b6124f564cab611a4c67a891fe4b8c0a9ee6d507982496520d310837d72

do $$ begin null; end $$;
