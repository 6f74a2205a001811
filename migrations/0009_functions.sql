-- depends: 0008_waiting_views
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: a45da2acf9ee1572bed920a88b81c8d22f6d1ab1de83e626047bf3c2087be5a4

do $$ begin null; end $$;
