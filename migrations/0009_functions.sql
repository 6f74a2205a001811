-- depends: 0008_waiting_views
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 469f233f0fcf3b84b28b0a5156065b57e1f37ee8344de80de8bca6f76bb06b4a

do $$ begin null; end $$;
