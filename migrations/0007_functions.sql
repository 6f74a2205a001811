-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: e16e22d425b15544affdc31d1aca1250c9e80266bfc05c9b91f6b15402770d25

do $$ begin null; end $$;
