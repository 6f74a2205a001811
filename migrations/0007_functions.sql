-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: b0c6885ab2b7bc8908d04332b39afd6be529dc3d2825b82dde4adcdfa55acc62

do $$ begin null; end $$;
