-- depends: 0005_replays_and_audit
-- The functions are not in here: post-apply.py loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 7fa3c5aba0fd855d78fe4e8a42c83601daa91b753eba39a84f616aa1324b6dbb

do $$ begin null; end $$;
