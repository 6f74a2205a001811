-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: fd6bd09a26657de3daadba0ca4f451638bf411e3beec53909fbaa78781802be1

do $$ begin null; end $$;
