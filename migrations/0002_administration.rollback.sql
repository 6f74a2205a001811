set local lock_timeout = '2s';

drop sequence if exists outbound_webhooks.asleep_until, outbound_webhooks.awake_until;
drop table if exists outbound_webhooks.portal_sessions, outbound_webhooks.api_keys,
    outbound_webhooks.leadership, outbound_webhooks.dispatchers,
    outbound_webhooks.schema_bundle, outbound_webhooks.settings;
