set local lock_timeout = '2s';

drop view if exists outbound_webhooks.stuck_deliveries, outbound_webhooks.retry_calendar, outbound_webhooks.backlog;
