-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 63a2da34056d577f924ed33c49a99a2ee76c61d577d589be13df276726c93a28

do $$ begin null; end $$;
