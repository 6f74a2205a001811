-- depends: 0006_statistics
-- The functions are not in here: the post-apply file loads them from sql_functions/, in one transaction.
-- Each release that changes one of them ships a migration with the new fingerprint, so that `yoyo apply` finds
-- something pending and loads them.
-- fingerprint: 0aed5daac2c01549828034c5290e867ac541700edad2d3a0ba88e51e330a46b0

do $$ begin null; end $$;
