set local lock_timeout = '2s';

drop view if exists outbound_webhooks.switches;
drop table if exists outbound_webhooks.endpoint_headers, outbound_webhooks.endpoint_secrets, outbound_webhooks.endpoint_flow,
    outbound_webhooks.endpoints, outbound_webhooks.event_types, outbound_webhooks.event_sources;
