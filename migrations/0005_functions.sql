-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 68bf74410d78e1c76626d56fa4257393977f24fd48f0dd98d9f12646d038e073

do $$ begin null; end $$;
