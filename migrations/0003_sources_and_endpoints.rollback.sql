set local lock_timeout = '2s';

drop table if exists outbound_webhooks.endpoint_secrets, outbound_webhooks.endpoints, outbound_webhooks.event_sources;
