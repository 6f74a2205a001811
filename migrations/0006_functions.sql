-- depends: 0005_replays_and_audit
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 0c0705ca7f5af9b3a5800278c693f08fb8b659eef731e3bbccca8ad49c815ddb

do $$ begin null; end $$;
