-- depends: 0008_waiting_views
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 4530c4eccfc38e3ad5d94fd1ba3a6ac9761c249ece8ab2258d29fc897a1623d1

do $$ begin null; end $$;
