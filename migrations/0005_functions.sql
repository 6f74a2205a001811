-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: afe40526e26867bae077a3c0a16a635ff59b3d7e5506c054d864c38455c0c019

do $$ begin null; end $$;
