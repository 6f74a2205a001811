-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 8fe60ea745c49715af6bd670ce85cb355de2af4f757db2ab27caa8817fe3a0c8

do $$ begin null; end $$;
