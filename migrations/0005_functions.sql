-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 514fbc23433ac86876ec2c7533c02694dc2dd47fff49c84d83e26dd7a308d798

do $$ begin null; end $$;
