-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 54c377d92d321a42b0a0d024e9821623cda4c79bc62741da5608c41af05e9e79

do $$ begin null; end $$;
