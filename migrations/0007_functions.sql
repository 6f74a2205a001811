-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: d54e5e91a5e50163d58632c68cff6dad75078396d43be7c86d8e75e1ff8e4c3f

do $$ begin null; end $$;
