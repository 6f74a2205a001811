-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: cbb2a5adb41c596ecea758269df09d4e79c2c5b6f1b836721a89005706d0aece

do $$ begin null; end $$;
