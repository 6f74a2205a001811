-- depends: 0008_waiting_views
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 268cf7e88a534185b4948aac5f62af580e6dc36bd99bbde384f760d94d5a53b8

do $$ begin null; end $$;
