-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: da609eeea289c72f6e7327e3b811afbc955197b35aee1b9ef16f49702467cf7f

do $$ begin null; end $$;
