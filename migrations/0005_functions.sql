-- depends: 0004_events_and_deliveries
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: bfbe479645a35cf36da8e72b12d40697e43c00d5c2f3b62e8947612d369c6a96

do $$ begin null; end $$;
