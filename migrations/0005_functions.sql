-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 17456b58aaa9f7e5c35ed053f6316af0fdecbc665d114a58c93c59470f7cee11

do $$ begin null; end $$;
