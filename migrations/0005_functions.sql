-- depends: 0004_events_and_deliveries
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 9e0cadefeaa069a50b3b08dbd3d53f807d8aae1a0e74a2dff08f61b4eec40d65

do $$ begin null; end $$;
