-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 738bedbaa8197a521faa1b9022f6569ca063c2f269cbe04c561896945713da1c

do $$ begin null; end $$;
