-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 15d5ebcb7f60b454f0dc39f11f17a7aa29059ac32cf86ced361e4b7bcc7528e5

do $$ begin null; end $$;
