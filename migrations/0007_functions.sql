-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 65a3c8c47acf092c23b4093ad115051a393284b0ef3de3e8bded46959e45a731

do $$ begin null; end $$;
