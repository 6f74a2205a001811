-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 9d13595818af78708bfd3a8917d28d1db995ab0fd29a9326ce6daad360d38fbc

do $$ begin null; end $$;
