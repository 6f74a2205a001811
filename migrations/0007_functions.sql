-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 8a5a1028f583c84dfa80933ae8eebda9649a983fba7e6de57a91f969af70d61e

do $$ begin null; end $$;
