-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 4e4753489ba115a934e3f557888b4a36489129eb3123a6873bafce25a7acd283

do $$ begin null; end $$;
