set local lock_timeout = '2s';

drop view if exists outbound_webhooks.stat_dispatchers, outbound_webhooks.stat_sources, outbound_webhooks.stat_endpoints;
