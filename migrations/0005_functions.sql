-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 43f04868bc0fab0771f27b996c84e6ed664dae0a0c851391dd077b6311201a26

do $$ begin null; end $$;
