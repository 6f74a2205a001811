-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 118ce7a9c80b636f5214673d20afc23c6b174322ab445b3fbe5d7b155f9a56d9

do $$ begin null; end $$;
