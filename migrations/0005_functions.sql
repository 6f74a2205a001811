-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 4850193a620ef747341a4a35703abba421ef37ba756d65e21e90bab7f0d8400c

do $$ begin null; end $$;
