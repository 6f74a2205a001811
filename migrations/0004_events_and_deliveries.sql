-- depends: 0003_sources_and_endpoints
-- The path: events, the deliveries they owe, the attempts made. No foreign key leads from here to endpoints or to a
-- host's table: 320 inserts by 8 clients on one endpoint made 318 MultiXacts with one.
-- No CHECK on the two tables that a payment writes, either: PostgreSQL reads each of them anew in every statement, and
-- six took 27 of the 68 microseconds of a minimal trigger (docs/adr/0006). The functions check what they write.
-- Locks: nothing that exists. Duration: milliseconds.

set local lock_timeout = '2s';

set local role outbound_webhooks_owner;

create table if not exists outbound_webhooks.events (
    id uuid not null,
    clinic_id text not null,
    type text not null,
    resource text not null,
    resource_id text not null,
    source text,
    occurred_at timestamptz not null,
    body text not null,
    traceparent text,
    actor text,
    request_id text,
    constraint events_pkey primary key (id)
) partition by range (id);

create index if not exists events_of_a_resource on outbound_webhooks.events (clinic_id, resource, resource_id);

comment on table outbound_webhooks.events is
    'Immutable facts. One partition a day, by the time in the UUIDv7, so that a look-up by id reads one partition.';
comment on column outbound_webhooks.events.id is 'UUIDv7; the webhook-id of every delivery of this event.';
comment on column outbound_webhooks.events.source is 'The event source that captured it; null for one emitted by SQL.';
comment on column outbound_webhooks.events.body is
    'The exact text that is signed and sent: {"type", "timestamp", "data"}. Never rebuilt: jsonb would reorder it.';
comment on column outbound_webhooks.events.traceparent is
    'The trace of the transaction that wrote it (outbound_webhooks.traceparent), as W3C Trace Context has it. Receivers get it.';
comment on column outbound_webhooks.events.actor is
    'Who stands behind that transaction (outbound_webhooks.actor), if a program said so. Neither receivers nor clinics see it.';
comment on column outbound_webhooks.events.request_id is
    'The request that it was part of (outbound_webhooks.request_id). Receivers get it as webhook-request-id.';

create sequence if not exists outbound_webhooks.delivery_ids;
create sequence if not exists outbound_webhooks.lease_tokens;

comment on sequence outbound_webhooks.delivery_ids is 'A dispatcher that is awake peeks at its last value to see new work.';
comment on sequence outbound_webhooks.lease_tokens is 'Fencing tokens: each claim of a delivery gets a new one.';

create table if not exists outbound_webhooks.deliveries (
    id bigint not null default nextval('outbound_webhooks.delivery_ids'),
    event_id uuid not null,
    endpoint_id bigint not null,
    clinic_id text not null,
    ordering_key text,
    created_at timestamptz not null default clock_timestamp(),
    next_attempt_at timestamptz not null default clock_timestamp(),
    attempt_count integer not null default 0,
    failure_count integer not null default 0,
    held_back boolean not null default false,
    reevaluated boolean not null default false,
    in_bulk boolean not null default false,
    manual_attempt integer,
    retried_at timestamptz,
    parked_reason text,
    lease_owner bigint,
    lease_token bigint,
    leased_at timestamptz,
    lease_until timestamptz,
    constraint deliveries_pkey primary key (id)
) with (
    -- A claim writes only columns that no index knows: with room on the page it is a HOT update.
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0,
    autovacuum_analyze_threshold = 50000
);

-- The claim walks this index endpoint by endpoint: one endpoint's backlog costs the others nothing.
create index if not exists deliveries_due on outbound_webhooks.deliveries (endpoint_id, next_attempt_at, id)
    where parked_reason is null;
create index if not exists deliveries_parked on outbound_webhooks.deliveries (endpoint_id, id)
    where parked_reason is not null;
create index if not exists deliveries_in_order on outbound_webhooks.deliveries (endpoint_id, ordering_key, id)
    where ordering_key is not null;
create index if not exists deliveries_of_an_event on outbound_webhooks.deliveries (event_id);

comment on table outbound_webhooks.deliveries is
    'Live deliveries only: one event owed to one endpoint. A finished one moves to finished_deliveries. Narrow and hot.';
comment on column outbound_webhooks.deliveries.ordering_key is
    'resource:resource_id for an endpoint with ordering per_resource: a row waits while an older live one has the same key.';
comment on column outbound_webhooks.deliveries.attempt_count is 'Requests begun, lost ones included.';
comment on column outbound_webhooks.deliveries.failure_count is
    'Failures charged to the endpoint: the position in its retry schedule. A lost attempt is not the endpoint''s fault.';
comment on column outbound_webhooks.deliveries.held_back is
    'It was due, and was put off, as it waits behind an older delivery of its payment: that one''s end makes it due again.';
comment on column outbound_webhooks.deliveries.reevaluated is
    'Made by reevaluate(), for a subscription that was not there when the event was captured.';
comment on column outbound_webhooks.deliveries.in_bulk is
    'A replay or a reevaluation made it due, and it was not claimed since: while one runs, what else is due goes first.';
comment on column outbound_webhooks.deliveries.manual_attempt is
    'The number of the attempt that somebody asked for, by retry_delivery() or replay(): the first one after that.';
comment on column outbound_webhooks.deliveries.retried_at is 'When that was; null: never.';
comment on column outbound_webhooks.deliveries.parked_reason is 'Kept, but not due: why.';
comment on column outbound_webhooks.deliveries.lease_token is
    'The fencing token: a result is written only by who still holds it. In flight means: leased until later than now.';

create table if not exists outbound_webhooks.finished_deliveries (
    id bigint not null,
    event_id uuid not null,
    endpoint_id bigint not null,
    clinic_id text not null,
    state text not null,
    reason text,
    created_at timestamptz not null,
    finished_at timestamptz not null,
    attempt_count integer not null,
    failure_count integer not null,
    reevaluated boolean not null default false,
    last_http_status integer,
    last_error_class text,
    constraint finished_deliveries_pkey primary key (id, state, finished_at),
    constraint finished_deliveries_state_is_known check (state in ('succeeded', 'dead', 'cancelled')),
    constraint finished_deliveries_reason_unless_succeeded check ((state = 'succeeded') = (reason is null))
) partition by list (state);

create table if not exists outbound_webhooks.finished_deliveries_done
    partition of outbound_webhooks.finished_deliveries for values in ('succeeded', 'cancelled')
    partition by range (finished_at);
create table if not exists outbound_webhooks.finished_deliveries_dead
    partition of outbound_webhooks.finished_deliveries for values in ('dead')
    partition by range (finished_at);

create index if not exists finished_deliveries_of_an_event on outbound_webhooks.finished_deliveries (event_id, id);
create index if not exists finished_deliveries_of_an_endpoint on outbound_webhooks.finished_deliveries (endpoint_id, id desc);
-- Lists go by the time of events, of all clinics (by the first one above), of one, of an endpoint: the newest first. That
-- of an endpoint begins with the clinic, as row-level security asks for it, too: or the planner may go by that alone.
create index if not exists finished_deliveries_by_endpoint
    on outbound_webhooks.finished_deliveries (clinic_id, endpoint_id, event_id, id);
create index if not exists finished_deliveries_by_clinic on outbound_webhooks.finished_deliveries (clinic_id, event_id, id);
-- The same for what was cancelled, which is little among what succeeded: what succeeds is not written to these.
create index if not exists cancelled_deliveries on outbound_webhooks.finished_deliveries_done (event_id, id)
    where state = 'cancelled';
create index if not exists cancelled_deliveries_by_endpoint
    on outbound_webhooks.finished_deliveries_done (clinic_id, endpoint_id, event_id, id) where state = 'cancelled';
create index if not exists cancelled_deliveries_by_clinic
    on outbound_webhooks.finished_deliveries_done (clinic_id, event_id, id) where state = 'cancelled';

comment on table outbound_webhooks.finished_deliveries is
    'Deliveries that ended: succeeded, dead (no attempts left, or a reason) or cancelled. One partition a day; dead ones apart, as they are kept longer.';
comment on column outbound_webhooks.finished_deliveries.reason is 'Why it is dead or was cancelled.';
comment on column outbound_webhooks.finished_deliveries.failure_count is
    'Failures charged to the endpoint, since the delivery was retried last.';
comment on column outbound_webhooks.finished_deliveries.reevaluated is 'As in deliveries.';

create table if not exists outbound_webhooks.attempts (
    delivery_id bigint not null,
    lease_token bigint not null,
    recorded_at timestamptz not null default clock_timestamp(),
    endpoint_id bigint not null,
    clinic_id text not null,
    number integer not null,
    reason text not null,
    outcome text not null,
    error_class text,
    http_status integer,
    started_at timestamptz not null,
    duration_ms integer,
    note text,
    content_type text,
    response_excerpt text,
    dispatcher_id bigint,
    constraint attempts_pkey primary key (delivery_id, lease_token, recorded_at),
    constraint attempts_reason_is_known check (reason in ('first', 'retry', 'manual', 'probe', 'test')),
    constraint attempts_outcome_is_known check (outcome in ('succeeded', 'failed', 'lost')),
    constraint attempts_error_class_is_known check (
        error_class in ('timeout', 'connect', 'tls', 'dns', 'blocked_address', 'http_status', 'protocol')
    ),
    constraint attempts_failed_has_a_class check ((outcome = 'failed') = (error_class is not null))
) partition by range (recorded_at);

comment on table outbound_webhooks.attempts is
    'One row for each HTTP request that may have left the machine: one claim, one lease token, one request.';
comment on column outbound_webhooks.attempts.outcome is
    'lost: the dispatcher died before it could record the answer; the receiver may have got the request.';
comment on column outbound_webhooks.attempts.duration_ms is 'From connecting to the last byte read.';
comment on column outbound_webhooks.attempts.note is 'What is worth knowing beside the outcome: late, body_truncated, ...';
comment on column outbound_webhooks.attempts.content_type is 'What the answer called its body, up to 100 characters.';
comment on column outbound_webhooks.attempts.response_excerpt is
    'At most 1 KB of the body of an answer that was not 2xx. No role may read it but through response_excerpts().';
comment on column outbound_webhooks.attempts.dispatcher_id is
    'Who made it; null: a test, which the admin API sends itself.';

create table if not exists outbound_webhooks.capture_errors (
    id bigint generated always as identity,
    source text not null,
    operation text not null,
    clinic_id text,
    resource_id text,
    event_types text[],
    old_values jsonb,
    new_values jsonb,
    error_code text not null,
    message text not null,
    occurred_at timestamptz not null default clock_timestamp(),
    traceparent text,
    actor text,
    request_id text,
    recaptured_at timestamptz,
    recaptured_as uuid[],
    constraint capture_errors_pkey primary key (id),
    constraint capture_errors_recaptured_is_whole check ((recaptured_at is null) = (recaptured_as is null)),
    constraint capture_errors_operation_is_known check (operation in ('INSERT', 'UPDATE'))
);

create index if not exists capture_errors_open on outbound_webhooks.capture_errors (id) where recaptured_at is null;
-- The ledger of one table, page by page. A payment whose capture fails writes it, too; one that is captured does not.
create index if not exists capture_errors_open_of_a_source on outbound_webhooks.capture_errors (source, id)
    where recaptured_at is null;
-- When a source was recaptured last. No change that fails is in it, so no payment writes it.
create index if not exists capture_errors_recaptured on outbound_webhooks.capture_errors (source, recaptured_at)
    where recaptured_at is not null;
create index if not exists capture_errors_of_a_row on outbound_webhooks.capture_errors (source, resource_id);

comment on table outbound_webhooks.capture_errors is
    'Changes whose capture failed. The write of the host committed all the same; nothing is lost while it stands here. And those that reconcile found untold.';
comment on column outbound_webhooks.capture_errors.event_types is
    'The only events that are due of it, if reconcile found them missing; null: those that the rules say.';
comment on column outbound_webhooks.capture_errors.old_values is
    'The mapped columns before the change, by the fields they are mapped to, and no others.';
comment on column outbound_webhooks.capture_errors.error_code is 'SQLSTATE.';
comment on column outbound_webhooks.capture_errors.traceparent is 'As in events, which get it from here.';
comment on column outbound_webhooks.capture_errors.actor is 'As in events, which get it from here.';
comment on column outbound_webhooks.capture_errors.request_id is 'As in events, which get it from here.';
comment on column outbound_webhooks.capture_errors.recaptured_as is
    'The events that recapture() made of it; none if the clinic has no endpoint by now.';

create or replace view outbound_webhooks.delivery_log with (security_invoker = true) as
select
    d.id,
    d.event_id,
    d.endpoint_id,
    d.clinic_id,
    case
        when d.parked_reason is not null then 'parked'
        when d.lease_until > statement_timestamp() then 'in_flight'
        else 'pending'
    end as state,
    d.parked_reason as reason,
    d.created_at,
    case when d.parked_reason is null then d.next_attempt_at end as next_attempt_at,
    null::timestamptz as finished_at,
    d.attempt_count,
    d.failure_count,
    d.reevaluated
from outbound_webhooks.deliveries as d
union all
select
    f.id,
    f.event_id,
    f.endpoint_id,
    f.clinic_id,
    f.state,
    f.reason,
    f.created_at,
    null::timestamptz,
    f.finished_at,
    f.attempt_count,
    f.failure_count,
    f.reevaluated
from outbound_webhooks.finished_deliveries as f;

comment on view outbound_webhooks.delivery_log is 'Every delivery, live and finished, with its state in one word.';
comment on column outbound_webhooks.delivery_log.event_id is 'The webhook-id.';
comment on column outbound_webhooks.delivery_log.state is
    'pending, in_flight, parked, succeeded, dead or cancelled.';
comment on column outbound_webhooks.delivery_log.reason is 'Why it is parked, dead or cancelled.';
comment on column outbound_webhooks.delivery_log.next_attempt_at is 'When it is due; null if it is parked or finished.';
comment on column outbound_webhooks.delivery_log.attempt_count is 'Requests begun, lost ones included.';
comment on column outbound_webhooks.delivery_log.failure_count is
    'Failures charged to the endpoint: the position in its retry schedule.';

create or replace view outbound_webhooks.endpoint_status with (security_invoker = true) as
select
    e.id,
    e.clinic_id,
    e.url,
    e.state,
    e.state_reason as reason,
    e.state_changed_at,
    f.breaker,
    f.probe_at,
    f.held_until,
    f.failures,
    f.failing_since,
    f.succeeded_at,
    f.in_flight,
    coalesce(f.allowed_in_flight, e.max_in_flight) as allowed_in_flight,
    e.max_in_flight,
    e.requests_per_second,
    parked.count as parked,
    parked.oldest as oldest_parked,
    g.parked_max_count,
    g.parked_max_age,
    f.drain_rate
from outbound_webhooks.endpoints as e
join outbound_webhooks.endpoint_flow as f on f.endpoint_id = e.id
cross join outbound_webhooks.settings as g
cross join lateral (
    select count(*) as count, min(d.created_at) as oldest
    from outbound_webhooks.deliveries as d
    where d.endpoint_id = e.id
        and d.parked_reason is not null
) as parked;

comment on view outbound_webhooks.endpoint_status is
    'Each endpoint: its state, its circuit breaker, what it is sent now, and what is kept for it until which limits.';
comment on column outbound_webhooks.endpoint_status.state is 'active, paused, disabled or retired.';
comment on column outbound_webhooks.endpoint_status.reason is 'Why it is in that state.';
comment on column outbound_webhooks.endpoint_status.breaker is
    'closed: all is well. open: nothing is sent until probe_at. half_open: one delivery is on its way to see.';
comment on column outbound_webhooks.endpoint_status.held_until is 'Nothing is sent before: its Retry-After, or a trouble of our own, such as a key that does not open.';
comment on column outbound_webhooks.endpoint_status.failures is 'Failed attempts in a row.';
comment on column outbound_webhooks.endpoint_status.failing_since is 'When the first of them was recorded.';
comment on column outbound_webhooks.endpoint_status.succeeded_at is 'When a delivery to it succeeded last.';
comment on column outbound_webhooks.endpoint_status.in_flight is 'Requests on their way.';
comment on column outbound_webhooks.endpoint_status.allowed_in_flight is
    'How many may be: below max_in_flight after it asked for less.';
comment on column outbound_webhooks.endpoint_status.parked is 'Deliveries that are kept for it.';
comment on column outbound_webhooks.endpoint_status.oldest_parked is 'When the oldest of them was made.';
comment on column outbound_webhooks.endpoint_status.parked_max_count is 'How many are kept, at most.';
comment on column outbound_webhooks.endpoint_status.parked_max_age is 'How long, at most.';
comment on column outbound_webhooks.endpoint_status.drain_rate is
    'Once it is resumed: deliveries a second, of those that were kept.';

grant select on outbound_webhooks.events, outbound_webhooks.deliveries, outbound_webhooks.finished_deliveries,
    outbound_webhooks.capture_errors, outbound_webhooks.delivery_log, outbound_webhooks.endpoint_status
    to outbound_webhooks_dispatcher, outbound_webhooks_admin;
grant select on outbound_webhooks.deliveries, outbound_webhooks.finished_deliveries,
    outbound_webhooks.delivery_log, outbound_webhooks.endpoint_status
    to outbound_webhooks_clinic;
-- Column by column: who wrote a payment (actor) may be somebody of the host's.
grant select (id, clinic_id, type, resource, resource_id, source, occurred_at, body, traceparent, request_id)
    on outbound_webhooks.events to outbound_webhooks_clinic;
-- And what a receiver wrote (response_excerpt) is for a clinic's owners.
grant select (
    delivery_id, lease_token, recorded_at, endpoint_id, clinic_id, number, reason, outcome, error_class, http_status,
    started_at, duration_ms, note, content_type, dispatcher_id
) on outbound_webhooks.attempts to outbound_webhooks_dispatcher, outbound_webhooks_admin, outbound_webhooks_clinic;
grant select on sequence outbound_webhooks.delivery_ids to outbound_webhooks_dispatcher;
