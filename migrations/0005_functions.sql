-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 9936f3126574b9b195bfb79c5f0c08adedbc6b061b6803002617061b10f27f7c

do $$ begin null; end $$;
