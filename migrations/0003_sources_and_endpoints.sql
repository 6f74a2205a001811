-- depends: 0002_administration
-- What is watched, and where it is sent. All of this is small and changes rarely: it has its foreign keys.
-- Locks: nothing that exists. Duration: milliseconds.

set local lock_timeout = '2s';

set local role outbound_webhooks_owner;

create table if not exists outbound_webhooks.event_sources (
    id bigint generated always as identity,
    name text not null,
    relation_schema text not null,
    relation_name text not null,
    relation_oid oid not null,
    resource text not null,
    columns jsonb not null,
    column_numbers jsonb not null,
    amounts text[] not null,
    related jsonb not null,
    rules jsonb not null,
    is_strict boolean not null,
    payload_hash text,
    capture boolean not null default true,
    capture_changed_at timestamptz not null default clock_timestamp(),
    capture_changed_by text not null default session_user,
    capture_reason text,
    created_at timestamptz not null default clock_timestamp(),
    constraint event_sources_pkey primary key (id),
    constraint event_sources_name_is_unique unique (name),
    constraint event_sources_relation_is_watched_once unique (relation_schema, relation_name),
    -- Two tables with one resource could both have a row 1, and would share its order.
    constraint event_sources_resource_is_unique unique (resource),
    -- 40 characters leave room for the prefix in the names of the functions made from it.
    constraint event_sources_name_is_an_identifier check (name ~ '^[a-z_][a-z0-9_]{0,39}$'),
    constraint event_sources_resource_is_a_word check (resource ~ '^[a-zA-Z0-9_]{1,64}$'),
    constraint event_sources_columns_is_an_object check (jsonb_typeof(columns) = 'object'),
    constraint event_sources_column_numbers_is_an_object check (jsonb_typeof(column_numbers) = 'object'),
    constraint event_sources_related_is_an_array check (jsonb_typeof(related) = 'array'),
    constraint event_sources_rules_is_an_array check (jsonb_typeof(rules) = 'array')
);

comment on table outbound_webhooks.event_sources is 'The watched tables. Written by watch() and unwatch() only.';
comment on column outbound_webhooks.event_sources.name is
    'Names the generated functions: capture_<name> and payload_<name>.';
comment on column outbound_webhooks.event_sources.relation_oid is
    'The table itself: after a restore it is another one of the same name, and column_numbers count for nothing.';
comment on column outbound_webhooks.event_sources.resource is
    'What a row is called in event types: payment_transaction in payment_transaction.created.';
comment on column outbound_webhooks.event_sources.columns is
    'Field of an event -> column of the host''s table: id, clinic_id, status, amount, refunded_amount, currency, ...';
comment on column outbound_webhooks.event_sources.column_numbers is
    'Field of an event -> number of that column, which survives a rename: tells where a renamed column went.';
comment on column outbound_webhooks.event_sources.amounts is 'The fields that are amounts of money.';
comment on column outbound_webhooks.event_sources.related is
    'Related rows in the payload: [{"name", "table", "key", "by", "columns", "amounts"}], each after what it is found by.';
comment on column outbound_webhooks.event_sources.rules is
    'Which change makes which event: [{"type", "when": inserted | changed | grew, "field", "to", "below"}], in the order of emission.';
comment on column outbound_webhooks.event_sources.is_strict is
    'True: a capture that fails makes the host''s write fail. False: it goes to the ledger, and the write commits.';
comment on column outbound_webhooks.event_sources.payload_hash is
    'md5 of the body of the payload function as it was generated; one that differs now is the DBA''s own, and is kept.';
comment on column outbound_webhooks.event_sources.capture is 'This source''s own switch, written by set_capture() only; settings.capture is the one for all.';

create table if not exists outbound_webhooks.event_types (
    name text not null,
    source_id bigint,
    description text not null,
    schema jsonb not null,
    example jsonb not null,
    generated boolean not null default false,
    constraint event_types_pkey primary key (name),
    constraint event_types_of_a_source foreign key (source_id)
        references outbound_webhooks.event_sources (id) on delete cascade,
    constraint event_types_name_is_resource_and_verb check (name ~ '^[a-zA-Z0-9_]{1,64}\.[a-zA-Z0-9_]{1,64}$'),
    constraint event_types_schema_is_an_object check (jsonb_typeof(schema) = 'object'),
    constraint event_types_example_is_an_object check (jsonb_typeof(example) = 'object')
);

create index if not exists event_types_of_a_source on outbound_webhooks.event_types (source_id);

comment on table outbound_webhooks.event_types is
    'The catalogue for receivers: what each event type says. watch() fills it, and the installation; describe_event_type() is for people.';
comment on column outbound_webhooks.event_types.source_id is 'The event source that emits it; null for one that SQL emits, and for those of our own.';
comment on column outbound_webhooks.event_types.schema is 'JSON Schema (2020-12) of the whole body.';
comment on column outbound_webhooks.event_types.example is 'A body as a receiver gets it; made up, but valid by the schema.';
comment on column outbound_webhooks.event_types.generated is
    'True while it is as watch(), or the installation, wrote it; both leave alone what people described.';

create table if not exists outbound_webhooks.endpoints (
    id bigint generated always as identity,
    clinic_id text not null,
    url text not null,
    description text not null default '',
    event_types text[] not null default '{*}',
    filter jsonb,
    state text not null default 'active',
    state_reason text,
    state_changed_at timestamptz not null default clock_timestamp(),
    state_changed_by text not null default session_user,
    ordering text not null default 'none',
    max_in_flight integer not null default 10,
    requests_per_second integer,
    timeout_seconds integer not null default 20,
    retry_schedule integer[],
    created_at timestamptz not null default clock_timestamp(),
    constraint endpoints_pkey primary key (id),
    constraint endpoints_belong_to_their_clinic unique (clinic_id, id),
    constraint endpoints_clinic_id_is_not_empty check (clinic_id <> ''),
    constraint endpoints_url_is_https check (
        url ~ '^https://[^[:space:][:cntrl:]\\/?#][^[:space:][:cntrl:]\\]*$' and length(url) <= 2048
    ),
    constraint endpoints_event_types_are_patterns check (
        cardinality(event_types) between 1 and 100
        and array_to_string(event_types, ',')
            ~ '^(\*|[a-zA-Z0-9_]{1,64}\.(\*|[a-zA-Z0-9_]{1,64}))(,(\*|[a-zA-Z0-9_]{1,64}\.(\*|[a-zA-Z0-9_]{1,64})))*$'
        -- No element is null or has a comma of its own.
        and regexp_count(array_to_string(event_types, ','), ',') = cardinality(event_types) - 1
    ),
    constraint endpoints_filter_is_an_object check (jsonb_typeof(filter) = 'object'),
    -- A number that no double can be: programs could not read the filter any more.
    constraint endpoints_filter_numbers_are_doubles check (
        not jsonb_path_exists(filter, 'strict $.** ? (@.type() == "number" && (exists (@.double())) is unknown)')
    ),
    -- Every write of the clinic pays for it: what is looked for in an array is compared with each element of the event's.
    constraint endpoints_filter_is_short check (octet_length(filter::text) <= 4096),
    constraint endpoints_filter_arrays_are_short check (
        not jsonb_path_exists(filter, 'strict $.** ? (@.type() == "array" && @.size() > 20)')
    ),
    constraint endpoints_state_is_known check (state in ('active', 'paused', 'disabled', 'retired')),
    constraint endpoints_disabled_has_a_reason check (state <> 'disabled' or state_reason is not null),
    constraint endpoints_ordering_is_known check (ordering in ('none', 'per_resource')),
    constraint endpoints_max_in_flight_is_bounded check (max_in_flight between 1 and 1000),
    constraint endpoints_requests_per_second_is_bounded check (requests_per_second between 1 and 10000),
    constraint endpoints_timeout_is_bounded check (timeout_seconds between 1 and 60),
    constraint endpoints_retry_schedule_is_bounded check (
        cardinality(retry_schedule) between 1 and 30
        and array_position(retry_schedule, null) is null
        and 0 <= all (retry_schedule) and 604800 >= all (retry_schedule)
    )
);

-- The probe of every captured write: does this clinic have an endpoint?
create index if not exists endpoints_of_a_clinic on outbound_webhooks.endpoints (clinic_id) where state <> 'retired';

comment on table outbound_webhooks.endpoints is
    'A clinic''s receivers. Retired, never deleted: deliveries refer to them without a foreign key, so that a payment never locks an endpoint.';
comment on column outbound_webhooks.endpoints.event_types is
    'Patterns: payment_transaction.created, payment_transaction.* or *.';
comment on column outbound_webhooks.endpoints.filter is
    'Only events whose data contain this JSON object (the @> operator) are delivered.';
comment on column outbound_webhooks.endpoints.state is
    'active; paused by hand; disabled by us, with a reason; retired for good. Deliveries of paused and disabled endpoints are kept.';
comment on column outbound_webhooks.endpoints.state_changed_by is
    'The database user who brought it into that state; a dispatcher''s, if we disabled it.';
comment on column outbound_webhooks.endpoints.ordering is
    'none, or per_resource: events about one payment arrive in commit order.';
comment on column outbound_webhooks.endpoints.max_in_flight is 'Requests at once, of all dispatchers together.';
comment on column outbound_webhooks.endpoints.requests_per_second is
    'Requests begun within a second, of all dispatchers together; null for no limit.';
comment on column outbound_webhooks.endpoints.timeout_seconds is 'From connecting to the last byte of the answer.';
comment on column outbound_webhooks.endpoints.retry_schedule is
    'Seconds before each attempt; null for the default 0, 60, 300, 900, 3600, 21600, 86400, 86400, 86400.';

create table if not exists outbound_webhooks.endpoint_flow (
    endpoint_id bigint not null,
    clinic_id text not null,
    in_flight integer not null default 0,
    allowed_in_flight integer,
    tokens double precision not null default 0,
    tokens_at timestamptz not null default clock_timestamp(),
    held_until timestamptz,
    failures integer not null default 0,
    failing_since timestamptz,
    failed_at timestamptz,
    failed_with text,
    succeeded_at timestamptz,
    breaker text not null default 'closed',
    breaker_changed_at timestamptz not null default clock_timestamp(),
    breaker_openings integer not null default 0,
    probe_at timestamptz,
    drain_rate integer not null default 100,
    drained_until timestamptz,
    dead_untold integer not null default 0,
    dead_told_at timestamptz,
    troubled_at timestamptz,
    disabled_told_at timestamptz,
    recovery_told_at timestamptz,
    constraint endpoint_flow_pkey primary key (endpoint_id),
    constraint endpoint_flow_of_an_endpoint foreign key (clinic_id, endpoint_id)
        references outbound_webhooks.endpoints (clinic_id, id),
    constraint endpoint_flow_allowed_in_flight_is_positive check (allowed_in_flight >= 1),
    constraint endpoint_flow_breaker_is_known check (breaker in ('closed', 'open', 'half_open')),
    constraint endpoint_flow_breaker_not_closed_has_a_probe check ((breaker = 'closed') = (probe_at is null)),
    constraint endpoint_flow_drain_rate_is_bounded check (drain_rate between 1 and 10000)
) with (fillfactor = 50);

comment on table outbound_webhooks.endpoint_flow is
    'What is on its way to an endpoint, and how much more may be: written by dispatchers only, and locked by who claims for it, so that limits hold for all of them together. A payment never touches it.';
comment on column outbound_webhooks.endpoint_flow.in_flight is 'Its leased deliveries: every lease and its end is counted in the same statement.';
comment on column outbound_webhooks.endpoint_flow.allowed_in_flight is
    'Below max_in_flight after it asked for less: halved by 429, 502, 503, 504 and timeouts, one more for each success; null for all.';
comment on column outbound_webhooks.endpoint_flow.tokens is
    'Requests that requests_per_second allowed at tokens_at and that were not made.';
comment on column outbound_webhooks.endpoint_flow.held_until is 'Nothing is claimed before: its Retry-After, 5 minutes at most, or a trouble of our own, such as a key that does not open.';
comment on column outbound_webhooks.endpoint_flow.failures is 'Failed attempts in a row.';
comment on column outbound_webhooks.endpoint_flow.failing_since is 'When the first of them was recorded; null after a success.';
comment on column outbound_webhooks.endpoint_flow.failed_with is
    'How the last failed attempt failed: the error class, and the status if there was an answer, as in http_status 503.';
comment on column outbound_webhooks.endpoint_flow.breaker is
    'closed: all is well. open: nothing is sent until probe_at. half_open: one delivery is on its way to see.';
comment on column outbound_webhooks.endpoint_flow.breaker_openings is 'Since it was closed last: doubles the time to the next probe.';
comment on column outbound_webhooks.endpoint_flow.drain_rate is 'Parked deliveries that become due within a second, once it is resumed.';
comment on column outbound_webhooks.endpoint_flow.drained_until is 'Up to when freed deliveries are spread already.';
comment on column outbound_webhooks.endpoint_flow.dead_untold is 'Deliveries that died and that delivery.dead did not tell of yet.';
comment on column outbound_webhooks.endpoint_flow.troubled_at is
    'When its breaker opened or it was disabled; null once it delivered again and that was told.';

create table if not exists outbound_webhooks.endpoint_secrets (
    id bigint generated always as identity,
    clinic_id text not null,
    endpoint_id bigint not null,
    secret text,
    sealed text,
    created_at timestamptz not null default clock_timestamp(),
    valid_until timestamptz,
    constraint endpoint_secrets_pkey primary key (id),
    constraint endpoint_secrets_of_an_endpoint foreign key (clinic_id, endpoint_id)
        references outbound_webhooks.endpoints (clinic_id, id),
    constraint endpoint_secrets_are_sealed_or_about_to_be check (num_nonnulls(secret, sealed) = 1),
    -- Standard Webhooks: whsec_ and the base64 of 24 to 64 random bytes.
    constraint endpoint_secrets_secret_is_whsec check (
        secret ~ '^whsec_([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$'
        and length(decode(substr(secret, 7), 'base64')) between 24 and 64
    ),
    constraint endpoint_secrets_valid_until_is_later check (valid_until > created_at)
);

create index if not exists endpoint_secrets_of_an_endpoint on outbound_webhooks.endpoint_secrets (endpoint_id, id desc);

comment on table outbound_webhooks.endpoint_secrets is
    'Signing keys. Every key that is valid now signs, newest first, so that receivers can change over without a gap.';
comment on column outbound_webhooks.endpoint_secrets.secret is
    'In clear, only until a dispatcher seals it (within a minute).';
comment on column outbound_webhooks.endpoint_secrets.sealed is
    'AES-256-GCM under a master key that is never in the database; bound to clinic and endpoint.';
comment on column outbound_webhooks.endpoint_secrets.valid_until is 'End of the rotation overlap; null for the current key.';

create table if not exists outbound_webhooks.endpoint_headers (
    id bigint generated always as identity,
    clinic_id text not null,
    endpoint_id bigint not null,
    name text not null,
    value text,
    sealed text,
    set_at timestamptz not null default clock_timestamp(),
    constraint endpoint_headers_pkey primary key (id),
    constraint endpoint_headers_name_is_unique unique (endpoint_id, name),
    constraint endpoint_headers_of_an_endpoint foreign key (clinic_id, endpoint_id)
        references outbound_webhooks.endpoints (clinic_id, id),
    constraint endpoint_headers_are_sealed_or_about_to_be check (num_nonnulls(value, sealed) = 1),
    -- What the value weighs is read from it (guard_header).
    constraint endpoint_headers_sealed_is_sealed check (
        sealed ~ '^v1\.[A-Za-z0-9_-]{1,32}\.([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$'
    )
);

comment on table outbound_webhooks.endpoint_headers is
    'Headers that a clinic adds to the requests to an endpoint. The rules for them are check_header() and guard_header(), a trigger.';
comment on column outbound_webhooks.endpoint_headers.name is 'In lower case.';
comment on column outbound_webhooks.endpoint_headers.value is
    'In clear, only until a dispatcher seals it (within a minute).';
comment on column outbound_webhooks.endpoint_headers.sealed is
    'AES-256-GCM under a master key that is never in the database; bound to clinic, endpoint and name.';

create or replace view outbound_webhooks.switches with (security_invoker = true) as
select
    'capture' as switch, 'all' as scope, g.capture as is_on,
    g.capture_changed_at as since, g.capture_changed_by as changed_by, g.capture_reason as reason
from outbound_webhooks.settings as g
union all
select 'capture', 'source ' || s.name, s.capture, s.capture_changed_at, s.capture_changed_by, s.capture_reason
from outbound_webhooks.event_sources as s
union all
-- Compared as text, as boolean reads it: a value that it does not take would make a cast raise, as it makes captures fail.
select
    'capture', 'this transaction', false, null, session_user,
    case when t.value !~* '^\s*(f|fa|fal|fals|false|n|no|of|off|0)\s*$'
        then format('%L is neither on nor off: changes go to the ledger', t.value)
    end
from (values (current_setting('outbound_webhooks.capture', true))) as t (value)
where t.value <> ''
    and t.value !~* '^\s*(t|tr|tru|true|y|ye|yes|on|1)\s*$'
union all
select 'delivery', 'all', g.delivery, g.delivery_changed_at, g.delivery_changed_by, g.delivery_reason
from outbound_webhooks.settings as g
union all
select 'delivery', 'every dispatcher', g.delivering, g.delivering_since, null, null
from outbound_webhooks.settings as g
union all
select
    'delivery', 'endpoint ' || e.id, false, e.state_changed_at, e.state_changed_by,
    concat_ws(': ', e.state, e.state_reason)
from outbound_webhooks.endpoints as e
where e.state in ('paused', 'disabled');

comment on view outbound_webhooks.switches is
    'What is switched on and off, since when, by whom and why. A change is captured if every capture switch that it passes is on; a delivery is sent if every delivery switch is. Of endpoints only those that are stopped are shown.';
comment on column outbound_webhooks.switches.switch is 'capture or delivery.';
comment on column outbound_webhooks.switches.scope is 'all, every dispatcher, source NAME, endpoint ID, or this transaction.';
comment on column outbound_webhooks.switches.since is 'When it was thrown last; null if that is not known.';
comment on column outbound_webhooks.switches.changed_by is 'Who did it: the actor that a program named, or the database user.';
comment on column outbound_webhooks.switches.reason is 'What was said when it was thrown; or what is wrong with its value.';

grant select on outbound_webhooks.switches, outbound_webhooks.event_sources, outbound_webhooks.event_types,
    outbound_webhooks.endpoints, outbound_webhooks.endpoint_flow
    to outbound_webhooks_dispatcher, outbound_webhooks_admin, outbound_webhooks_monitor;
grant select on outbound_webhooks.event_types, outbound_webhooks.endpoints, outbound_webhooks.endpoint_flow
    to outbound_webhooks_clinic;
