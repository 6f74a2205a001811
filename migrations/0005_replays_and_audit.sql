-- depends: 0004_events_and_deliveries
-- What people do to deliveries afterwards: replays, which a dispatcher carries out little by little, and the audit log.
-- Locks: nothing that exists. Duration: milliseconds.

set local lock_timeout = '2s';

set local role outbound_webhooks_owner;

create table if not exists outbound_webhooks.replays (
    id bigint generated always as identity,
    kind text not null,
    endpoint_id bigint,
    clinic_id text,
    event_type text,
    delivery_state text,
    since timestamptz,
    until timestamptz,
    resource text,
    resource_id text,
    error_class text,
    rate integer not null,
    state text not null default 'running',
    state_changed_at timestamptz not null default clock_timestamp(),
    total bigint not null,
    moved bigint not null default 0,
    skipped jsonb not null default '{}',
    after_delivery_id bigint not null default 0,
    after_event_id uuid,
    spread_until timestamptz,
    started_at timestamptz not null default clock_timestamp(),
    started_by text not null default session_user,
    actor text,
    constraint replays_pkey primary key (id),
    constraint replays_of_an_endpoint foreign key (clinic_id, endpoint_id)
        references outbound_webhooks.endpoints (clinic_id, id),
    constraint replays_kind_is_known check (kind in ('replay', 'reevaluation')),
    constraint replays_state_is_known check (state in ('running', 'stopped', 'done')),
    constraint replays_delivery_state_is_known check (delivery_state in ('succeeded', 'dead', 'cancelled')),
    constraint replays_rate_is_bounded check (rate between 1 and 10000),
    constraint replays_endpoint_has_its_clinic check (endpoint_id is null or clinic_id is not null),
    constraint replays_skipped_is_an_object check (jsonb_typeof(skipped) = 'object')
);

comment on table outbound_webhooks.replays is
    'Many deliveries again, or past events for the subscriptions of today: which, how fast, and how far it is. The leader carries them out, batch by batch.';
comment on column outbound_webhooks.replays.kind is
    'replay: finished deliveries become due again. reevaluation: past events get deliveries for endpoints that have none of them.';
comment on column outbound_webhooks.replays.endpoint_id is
    'This and the columns to error_class say which; null: whichever.';
comment on column outbound_webhooks.replays.event_type is 'A pattern: payment_transaction.created, payment_transaction.* or *.';
comment on column outbound_webhooks.replays.since is 'By the time in the event''s id: when it was captured or emitted.';
comment on column outbound_webhooks.replays.error_class is 'Of the delivery''s last attempt.';
comment on column outbound_webhooks.replays.rate is 'Deliveries that become due within a second, at most.';
comment on column outbound_webhooks.replays.total is 'How many there were when it was started.';
comment on column outbound_webhooks.replays.moved is 'Deliveries that it made due.';
comment on column outbound_webhooks.replays.skipped is 'How many it left as they are, by the reason.';
comment on column outbound_webhooks.replays.after_delivery_id is 'How far a replay is: it goes by the ids of deliveries.';
comment on column outbound_webhooks.replays.after_event_id is 'How far a reevaluation is: it goes by the ids of events.';
comment on column outbound_webhooks.replays.spread_until is 'Up to when the deliveries that it made due are spread.';
comment on column outbound_webhooks.replays.actor is
    'Who stands behind the database user: outbound_webhooks.actor of the session, if a program set it.';

create table if not exists outbound_webhooks.audit_log (
    id bigint generated always as identity,
    at timestamptz not null default clock_timestamp(),
    database_user text not null default session_user,
    actor text default nullif(current_setting('outbound_webhooks.actor', true), ''),
    request_id text default nullif(current_setting('outbound_webhooks.request_id', true), ''),
    address text default coalesce(
        nullif(current_setting('outbound_webhooks.address', true), ''), host(inet_client_addr())
    ),
    is_denied boolean not null default false,
    clinic_id text,
    action text not null,
    subject text not null,
    details jsonb not null default '{}',
    constraint audit_log_pkey primary key (id),
    constraint audit_log_action_is_thing_and_deed check (action ~ '^[a-z_]+\.[a-z_]+$'),
    constraint audit_log_details_is_an_object check (jsonb_typeof(details) = 'object')
);

-- For retention alone: it has no order that a list could be read in by mistake.
create index if not exists audit_log_by_time on outbound_webhooks.audit_log using brin (at);
-- A list of lines is read by one of these, whatever it is about: what was done, and what was denied, each in its order.
create index if not exists audit_log_of_all on outbound_webhooks.audit_log (is_denied, at, id);
create index if not exists audit_log_of_a_clinic on outbound_webhooks.audit_log (clinic_id, is_denied, at, id);
create index if not exists audit_log_by_action on outbound_webhooks.audit_log (action, is_denied, at, id);
create index if not exists audit_log_of_a_clinic_by_action
    on outbound_webhooks.audit_log (clinic_id, action, is_denied, at, id);

comment on table outbound_webhooks.audit_log is
    'What was changed, written in the transaction that changed it, and what was denied. Append-only, for the owner too (refuse_audit_change).';
comment on column outbound_webhooks.audit_log.database_user is 'Who logged in to the database, whatever role that one took.';
comment on column outbound_webhooks.audit_log.actor is
    'Who stands behind the database user, a user, a session or a key: outbound_webhooks.actor of the transaction, if a program set it.';
comment on column outbound_webhooks.audit_log.request_id is
    'The request that it was part of: outbound_webhooks.request_id of the transaction, if a program set it.';
comment on column outbound_webhooks.audit_log.address is
    'Where from: outbound_webhooks.address of the transaction, or else the address of the database client; null for a socket.';
comment on column outbound_webhooks.audit_log.is_denied is
    'True: it was tried and refused, and action is what was tried, as in endpoint.retire.';
comment on column outbound_webhooks.audit_log.action is 'endpoint.paused, delivery.retried, replay.started, ...';
comment on column outbound_webhooks.audit_log.subject is 'What it was done to: endpoint 7, delivery 4711, replay 3, ...';
comment on column outbound_webhooks.audit_log.details is
    'What was changed, before and after; or what else is worth knowing. Never a secret.';

grant select on outbound_webhooks.replays to outbound_webhooks_dispatcher, outbound_webhooks_admin;
grant select on outbound_webhooks.audit_log to outbound_webhooks_admin;
grant select on outbound_webhooks.replays, outbound_webhooks.audit_log to outbound_webhooks_clinic;
