-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 7df78779fe2352a42229a17b221e4c73e393ea4e192cc8c3c31cad31c0a8c35c

do $$ begin null; end $$;
