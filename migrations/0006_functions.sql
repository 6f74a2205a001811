-- depends: 0005_replays_and_audit
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: cce8a8bbd510536fe7fcd0248beebe12cc6e0c034beadc2023fde3ca2806c746

do $$ begin null; end $$;
