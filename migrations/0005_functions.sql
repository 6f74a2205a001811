-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: bd4d1c1f35dd4f4c9457df713a0c0bea381dd182d47bf4eb39e86a4db8b0a386

do $$ begin null; end $$;
