-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 5e1a33fcf7a988c224863ccdd566bc97742ac279a0b06332f1bc923f079a1647

do $$ begin null; end $$;
