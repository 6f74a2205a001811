-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: d43b85fc488dd6c49c70674e7b37b22e9ccabdee47839ce990169b9de3945950

do $$ begin null; end $$;
