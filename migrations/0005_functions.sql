-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: fc537382a78e848b7765f153ea828550041627028e7e97e9d480257a478f758b

do $$ begin null; end $$;
