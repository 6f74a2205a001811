-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: e13fe32cad99ce03b9266d2aab0795b07b0e4ee5a386a61b00ccab9594db2681

do $$ begin null; end $$;
