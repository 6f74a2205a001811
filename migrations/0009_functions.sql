-- depends: 0008_waiting_views
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 2c198e84e89e579b4316e1b61c5032f2fce7f31066a1271076fc753369ce9c64

do $$ begin null; end $$;
