-- Removes the schema. The roles stay: another database of this server may use them, and only the DBA can know.
-- (drop role outbound_webhooks_owner, outbound_webhooks_dispatcher, outbound_webhooks_admin, outbound_webhooks_monitor,
-- outbound_webhooks_clinic)

set local lock_timeout = '2s';

drop schema if exists outbound_webhooks cascade;
