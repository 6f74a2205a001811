-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: b5772df904839558e4c5c50770f44c558258d049eec33a4f5feec56c59032182

do $$ begin null; end $$;
