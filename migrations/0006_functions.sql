-- depends: 0005_statistics
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 9a35d4fb2c73d3e8cb479d895fd777c0b4af4365c2f628f71cc8c34a7e5dd342

do $$ begin null; end $$;
