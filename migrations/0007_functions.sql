-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 66a366f854dad13e262238b2ec30040f42a578bc84a2259f51bb88a0e2901b25

do $$ begin null; end $$;
