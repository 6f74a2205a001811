-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: d1fd2000eb4ccc4d0d3bb06e2b6a48d25d61f9f2080fb86f5477a277bc17c21f

do $$ begin null; end $$;
