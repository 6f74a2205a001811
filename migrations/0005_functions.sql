-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: e759de390a9d8d8072e98bf395c12157ff85ef1b3376da7f9da6fe7b9e0f42b4

do $$ begin null; end $$;
