-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: d1f0bfb6ad7a8befdb47ba51fad79a08abbbc56d00482277abb9e8ad5ec40089

do $$ begin null; end $$;
