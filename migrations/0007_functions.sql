-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: a11d3702cc81d1072b078374dfce7cf656b0dc6ad511125bb470123094cfdfd4

do $$ begin null; end $$;
