-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: f3109b222c373ee3049e6506629a896f9c1125d7145ea16e5f9bb0299a94d882

do $$ begin null; end $$;
