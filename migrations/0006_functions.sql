-- depends: 0005_statistics
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 73804d44e4853580355af698b45c8a95b60c25c27abd3aa5e4d571ddbf13fd8d

do $$ begin null; end $$;
