set local lock_timeout = '2s';

drop view if exists outbound_webhooks.delivery_log, outbound_webhooks.endpoint_status;
drop table if exists outbound_webhooks.capture_errors, outbound_webhooks.attempts,
    outbound_webhooks.finished_deliveries, outbound_webhooks.deliveries, outbound_webhooks.events;
drop sequence if exists outbound_webhooks.lease_tokens, outbound_webhooks.delivery_ids;
