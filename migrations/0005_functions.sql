-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: cbcb65900b3e3c13cb6b0b9ba6134d3bd07534b4615655ec5d204b3f51260a7d

do $$ begin null; end $$;
