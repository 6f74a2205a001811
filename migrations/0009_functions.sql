-- depends: 0008_waiting_views
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 6cd7ccefcb0969550de7c3a9df3def884d6c4bdd2fb08aa854fa736e4d8e17bc

do $$ begin null; end $$;
