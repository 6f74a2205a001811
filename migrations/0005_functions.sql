-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: cd8953b87e70ad1c5fa8833bc0d3a23b2064e9079763bf5a7058bd3e876e3322

do $$ begin null; end $$;
