-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: b4fad9b7ea1f321e12dbca4f633dbcec68c44d77d8a2cb1e57ed41fb3400152d

do $$ begin null; end $$;
