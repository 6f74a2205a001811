-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: ff2c119815f9292f2aaa7147b001f7d54848fb8013c04ff0d830a3aa70f693dc

do $$ begin null; end $$;
