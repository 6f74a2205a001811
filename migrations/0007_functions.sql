-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: add948154154d62640ea9fdef7f3f954b9d1010d3761d3a659e61eeba7720b9d

do $$ begin null; end $$;
