-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 4d24219d46aaebcf977acc1f61878d0b85e3456e21afd47527599ef2fdd2ed13

do $$ begin null; end $$;
