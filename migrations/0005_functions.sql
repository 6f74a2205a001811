-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 4036f519bf385a03bdf405f86a235886681b068d600f6f5cc0cfea42ba8e0988

do $$ begin null; end $$;
