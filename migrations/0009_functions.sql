-- depends: 0008_waiting_views
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 62e3b4aa8db3289ede111f2f5cf9ab300f7293596c292ebab88ec4fe571a0bd4

do $$ begin null; end $$;
