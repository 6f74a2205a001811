set local lock_timeout = '2s';

drop table if exists outbound_webhooks.audit_log, outbound_webhooks.replays;
