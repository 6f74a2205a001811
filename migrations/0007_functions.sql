-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: d6d2e639745eb3258c4fab636ed843b4d77692d7bcd7d976c0a847391f29ac12

do $$ begin null; end $$;
