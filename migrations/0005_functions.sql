-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 71c583cc2635b5b5e82dd1ab11e298fa19406dba83fb12bb6d5632dadf449a08

do $$ begin null; end $$;
