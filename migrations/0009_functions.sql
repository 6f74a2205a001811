-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 4937793e88283bcf9efeac7d0cee8129082bf6570349d28b18811058e2fa40ec

do $$ begin null; end $$;
