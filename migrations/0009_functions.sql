-- depends: 0008_waiting_views
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: e983c1aa5acbb11c87ae4b508b26cabd1f1264e77c7fed8162f886801e7b528d

do $$ begin null; end $$;
