-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: c1476a5b238202b837bfad0c97230fa5acee249868fa9a016e2bc88f123bb8c6

do $$ begin null; end $$;
