-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: ce01667ff631d4587b225fa3bd746b071e0f9b7902430943bcf8a2b36038d00d

do $$ begin null; end $$;
