-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 939cb7064b138b8f9813c0a6a9bef57a6a9c9b977388801bb59a09f88591da57

do $$ begin null; end $$;
