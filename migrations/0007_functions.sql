-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: e91ccc9e3f63fde08d307c3f50fc4842f5c1f84fc972d8ea7eb2a80b27491d12

do $$ begin null; end $$;
