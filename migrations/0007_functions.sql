-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 826bf4a41528ef1f68e5188b978388e5089bc09710e0cbcd8f989490262fd750

do $$ begin null; end $$;
