-- depends: 0008_waiting_views
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 705039b5591d129b67240e1363b6417ff909d198eb19ce4410bc3bc6e4034916

do $$ begin null; end $$;
