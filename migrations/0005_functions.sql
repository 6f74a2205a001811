-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: bbc72ddef1dacb2d5ec90474ebad2565c608d32a120499409e65d02bb7ffed61

do $$ begin null; end $$;
