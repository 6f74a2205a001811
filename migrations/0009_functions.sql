-- depends: 0008_waiting_views
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 8e041233bafff04ca3ed98c31ca7fdc2e9348964f76a698dd6e21342618beecb

do $$ begin null; end $$;
