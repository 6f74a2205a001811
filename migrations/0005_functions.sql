-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 77676f8583a6e53b23818e1d9a6560b306d990f1607786f96ab49693752f1a42

do $$ begin null; end $$;
