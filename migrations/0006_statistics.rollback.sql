set local lock_timeout = '2s';

drop view if exists outbound_webhooks.endpoint_statistics, outbound_webhooks.statistics_bounds;
drop table if exists outbound_webhooks.endpoint_hours;
