-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 2b07571c117d7f1c73b1714455aebe7cd7cf887151cb9e7b705a865121837b6d

do $$ begin null; end $$;
