-- depends: 0008_waiting_views
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 5eaae00610297b786e4f14089b5d54a666d9b0dcc5c65d52d73eebe7049c1cb8

do $$ begin null; end $$;
