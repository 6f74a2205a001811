-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 641b22bf645b16024db89f0aa9cefa4f9e0a841510cb88371444e1060ef15fbc

do $$ begin null; end $$;
