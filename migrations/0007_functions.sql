-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 0645a093c1da49d4d84b2eb1c33ef1bb775fec6321a5eebbd07ac99e0d6d3063

do $$ begin null; end $$;
