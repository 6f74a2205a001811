-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 41c18c63be99dfc5bb61d96b4fb3563eb227db9aae2fc23bb37294ae8804e96b

do $$ begin null; end $$;
