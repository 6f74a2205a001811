-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 2baff1c93c256d8837b67eb5380d7887928dfda05c73dc3187cc440fcdd1c399

do $$ begin null; end $$;
