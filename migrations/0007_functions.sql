-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: f60a22103330a929cae0a95c44965b7fa2c63a39d6dacfcf263cc930aa03278d

do $$ begin null; end $$;
