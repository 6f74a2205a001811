-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 07a5028bb339cc1de51cfd4a09299e88808dbc33dd927e05a45f2c4468455a88

do $$ begin null; end $$;
