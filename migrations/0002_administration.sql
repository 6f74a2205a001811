-- depends: 0001_schema_and_roles
-- What the installation knows about itself: settings, the loaded functions, the running dispatchers, the leader; and
-- who may call the admin API.
-- Locks: nothing that exists. Duration: milliseconds.

set local lock_timeout = '2s';

set local role outbound_webhooks_owner;

create table if not exists outbound_webhooks.settings (
    singleton boolean not null default true,
    capture boolean not null default false,
    capture_changed_at timestamptz not null default clock_timestamp(),
    capture_changed_by text not null default session_user,
    capture_reason text,
    max_body_bytes integer not null default 262144,
    max_endpoints_per_clinic integer not null default 50,
    internal_urls boolean not null default false,
    allowed_ports int4multirange not null default '{[443,443],[1024,65535]}',
    url_policy_changed_at timestamptz not null default clock_timestamp(),
    url_policy_changed_by text not null default session_user,
    delivery boolean not null default true,
    delivery_changed_at timestamptz not null default clock_timestamp(),
    delivery_changed_by text not null default session_user,
    delivery_reason text,
    delivering boolean not null default false,
    delivering_since timestamptz,
    armed_environment text,
    armed_system_identifier bigint,
    armed_database_oid oid,
    armed_database text,
    armed_at timestamptz,
    armed_by text,
    wake_up text not null default 'doorbell',
    breaker_failures integer not null default 10,
    breaker_cooldown_seconds integer not null default 30,
    disable_after interval default '5 days',
    parked_max_count integer not null default 100000,
    parked_max_age interval not null default '14 days',
    notice_window interval not null default '1 hour',
    events_keep_days integer not null default 30,
    finished_keep_days integer not null default 30,
    dead_keep_days integer not null default 90,
    attempts_keep_days integer not null default 30,
    ledger_keep_days integer not null default 30,
    secrets_keep_days integer not null default 30,
    statistics_keep_days integer not null default 400,
    audit_keep_days integer,
    constraint settings_pkey primary key (singleton),
    constraint settings_is_one_row check (singleton),
    -- insert_event() looks the limit up only for bodies above the least one.
    constraint settings_max_body_bytes_is_bounded check (max_body_bytes between 4096 and 16777216),
    constraint settings_max_endpoints_per_clinic_is_bounded check (max_endpoints_per_clinic between 1 and 1000),
    constraint settings_allowed_ports_are_ports check (
        allowed_ports <@ '{[1,65535]}'::int4multirange and not isempty(allowed_ports)
    ),
    constraint settings_breaker_failures_is_bounded check (breaker_failures between 1 and 1000),
    constraint settings_breaker_cooldown_is_bounded check (breaker_cooldown_seconds between 1 and 600),
    constraint settings_disable_after_is_bounded check (disable_after >= interval '1 hour'),
    constraint settings_parked_max_count_is_bounded check (parked_max_count >= 1),
    constraint settings_parked_max_age_is_bounded check (parked_max_age >= interval '1 hour'),
    constraint settings_notice_window_is_bounded check (notice_window >= interval '1 minute'),
    -- Each day is one more partition, which every query without a bound has to look into.
    constraint settings_events_keep_days_is_bounded check (events_keep_days between 1 and 400),
    constraint settings_finished_keep_days_is_bounded check (finished_keep_days between 1 and 400),
    constraint settings_dead_keep_days_is_bounded check (dead_keep_days between 1 and 400),
    constraint settings_attempts_keep_days_is_bounded check (attempts_keep_days between 1 and 400),
    constraint settings_ledger_keep_days_is_bounded check (ledger_keep_days between 1 and 3650),
    constraint settings_secrets_keep_days_is_bounded check (secrets_keep_days between 1 and 3650),
    constraint settings_statistics_keep_days_is_bounded check (statistics_keep_days between 1 and 3650),
    constraint settings_audit_keep_days_is_bounded check (audit_keep_days between 90 and 3650),
    constraint settings_wake_up_is_known check (wake_up in ('doorbell', 'poll')),
    constraint settings_delivering_has_a_start check (delivering = (delivering_since is not null)),
    constraint settings_armed_is_whole check (
        num_nonnulls(
            armed_environment, armed_system_identifier, armed_database_oid, armed_database, armed_at, armed_by
        ) in (0, 6)
    )
);

comment on table outbound_webhooks.settings is 'The switches that live in the database, in one row.';
comment on column outbound_webhooks.settings.capture is
    'Off after installation, and written by set_capture() only, which writes it into the trigger functions, too.';
comment on column outbound_webhooks.settings.capture_changed_by is
    'Who threw the switch last: the actor that a program named, or the database user.';
comment on column outbound_webhooks.settings.capture_reason is 'What was said when it was thrown.';
comment on column outbound_webhooks.settings.max_body_bytes is
    'A larger event body is not made: a change goes to the ledger, emit() raises. Receivers rarely take more than 256 KB.';
comment on column outbound_webhooks.settings.max_endpoints_per_clinic is
    'Each endpoint that asks for an event is one more row in the payment''s transaction.';
comment on column outbound_webhooks.settings.internal_urls is
    'True: URLs of endpoints may name internal hosts and private addresses. Written by set_url_policy() only.';
comment on column outbound_webhooks.settings.allowed_ports is
    'The ports that URLs of endpoints may have. Written by set_url_policy() only.';
comment on column outbound_webhooks.settings.url_policy_changed_by is 'The database user who changed one of the two last.';
comment on column outbound_webhooks.settings.delivery is
    'False: nothing is claimed or sent, whatever the dispatchers are set to. Written by set_delivery() only.';
comment on column outbound_webhooks.settings.delivery_changed_by is
    'Who threw the switch last: the actor that a program named, or the database user.';
comment on column outbound_webhooks.settings.delivering is
    'True once a dispatcher with delivery enabled took over the backlog; false again when one without it finds that nobody has delivered for 10 minutes.';
comment on column outbound_webhooks.settings.armed_environment is
    'Only dispatchers of this environment send, from this database of this server. Written by arm() only; null: nobody sends.';
comment on column outbound_webhooks.settings.armed_system_identifier is
    'The server that it was armed on. A dump that is restored elsewhere finds another one; a standby has the same.';
comment on column outbound_webhooks.settings.armed_database_oid is
    'The database that it was armed as. A copy on the same server finds another one; a new name changes nothing.';
comment on column outbound_webhooks.settings.armed_database is 'Its name at that time, for people.';
comment on column outbound_webhooks.settings.wake_up is
    'doorbell: a sleeping dispatcher is woken by NOTIFY. poll: never NOTIFY (hosts that use PREPARE TRANSACTION).';

comment on column outbound_webhooks.settings.breaker_failures is
    'So many failed attempts in a row open an endpoint''s circuit breaker.';
comment on column outbound_webhooks.settings.breaker_cooldown_seconds is
    'An open breaker lets one probe through after this; after each failed probe it waits twice as long, at most 10 minutes.';
comment on column outbound_webhooks.settings.disable_after is
    'An endpoint that has only failed for so long is disabled; null: never.';
comment on column outbound_webhooks.settings.parked_max_count is
    'Of more parked deliveries than this, an endpoint''s oldest become dead.';
comment on column outbound_webhooks.settings.parked_max_age is 'A delivery that is still parked at this age becomes dead.';
comment on column outbound_webhooks.settings.notice_window is
    'Operational events (endpoint.recovered, delivery.dead) are told once an endpoint and window.';
comment on column outbound_webhooks.settings.events_keep_days is
    'How many days an event is kept; longer while a delivery refers to it that is live, or finished and kept.';
comment on column outbound_webhooks.settings.finished_keep_days is
    'How many days after its end a delivery is kept that succeeded or was cancelled.';
comment on column outbound_webhooks.settings.dead_keep_days is
    'How many days after its end a dead delivery is kept, and with it its event: so long can it be sent again.';
comment on column outbound_webhooks.settings.attempts_keep_days is
    'How many days an attempt is kept, and a dispatcher that is gone.';
comment on column outbound_webhooks.settings.ledger_keep_days is
    'How many days a change in the ledger is kept after it was recaptured; one that was not is kept for ever.';
comment on column outbound_webhooks.settings.secrets_keep_days is
    'How many days a signing key is kept after it became invalid, and a portal session after it ended.';
comment on column outbound_webhooks.settings.statistics_keep_days is
    'How many days the counts of an hour are kept (endpoint_hours): long after what they count is gone.';
comment on column outbound_webhooks.settings.audit_keep_days is
    'How many days a line of the audit log is kept; null: for ever. Younger ones nobody can delete (refuse_audit_change).';

insert into outbound_webhooks.settings default values on conflict do nothing;

create table if not exists outbound_webhooks.schema_bundle (
    singleton boolean not null default true,
    fingerprint text not null,
    migrations text[] not null,
    contract integer not null,
    oldest_contract integer not null,
    loaded_at timestamptz not null default clock_timestamp(),
    constraint schema_bundle_pkey primary key (singleton),
    constraint schema_bundle_is_one_row check (singleton),
    constraint schema_bundle_keeps_its_own_contract check (oldest_contract <= contract)
);

comment on table outbound_webhooks.schema_bundle is
    'Which sql_functions/ are loaded, and which programs may run on them.';
comment on column outbound_webhooks.schema_bundle.fingerprint is
    'sha256 over the names and contents of the files in sql_functions/.';
comment on column outbound_webhooks.schema_bundle.migrations is
    'The migrations that came with them: tells a program whether the database is behind or ahead.';
comment on column outbound_webhooks.schema_bundle.contract is
    'The contract of the release that they belong to: what its program calls and reads.';
comment on column outbound_webhooks.schema_bundle.oldest_contract is
    'The oldest contract that they still keep: programs of releases from that one on may run.';

create table if not exists outbound_webhooks.dispatchers (
    id bigint generated always as identity,
    name text not null,
    version text not null,
    delivering boolean not null,
    environment text,
    started_at timestamptz not null default clock_timestamp(),
    heartbeat_at timestamptz not null default clock_timestamp(),
    stopped_at timestamptz,
    constraint dispatchers_pkey primary key (id),
    constraint dispatchers_delivering_have_an_environment check (not delivering or environment is not null)
) with (fillfactor = 50);

comment on table outbound_webhooks.dispatchers is
    'Running dispatcher processes. One without a heartbeat for 15 s is dead: its leases are free at once.';
comment on column outbound_webhooks.dispatchers.name is 'host:pid, for people.';
comment on column outbound_webhooks.dispatchers.delivering is 'Whether it claims and sends (OUTBOUND_WEBHOOKS_ENABLED).';
comment on column outbound_webhooks.dispatchers.environment is
    'What its environment is called (OUTBOUND_WEBHOOKS_ENVIRONMENT).';

create table if not exists outbound_webhooks.leadership (
    singleton boolean not null default true,
    dispatcher_id bigint not null,
    held_until timestamptz not null,
    constraint leadership_pkey primary key (singleton),
    constraint leadership_is_one_row check (singleton)
) with (fillfactor = 50);

comment on table outbound_webhooks.leadership is
    'Which dispatcher does the maintenance (partitions, sealing, vacuum). A lease: lost at held_until unless renewed.';

create table if not exists outbound_webhooks.api_keys (
    id bigint generated always as identity,
    clinic_id text,
    role text not null,
    digest bytea not null,
    description text not null,
    created_at timestamptz not null default clock_timestamp(),
    created_by text not null,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    revoked_by text,
    constraint api_keys_pkey primary key (id),
    constraint api_keys_role_is_known check (role in ('owner', 'manager', 'operator')),
    constraint api_keys_operators_have_no_clinic check ((role = 'operator') = (clinic_id is null)),
    constraint api_keys_clinic_is_named check (clinic_id <> ''),
    constraint api_keys_digest_is_sha256 check (octet_length(digest) = 32),
    constraint api_keys_expire_after_creation check (expires_at > created_at),
    constraint api_keys_revoked_by_somebody check ((revoked_at is null) = (revoked_by is null))
) with (fillfactor = 80);

comment on table outbound_webhooks.api_keys is
    'Keys of machines that call the admin API. The keys themselves are nowhere: only SHA-256 of their random part.';
comment on column outbound_webhooks.api_keys.clinic_id is 'Whose key it is; null: an operator''s.';
comment on column outbound_webhooks.api_keys.digest is
    'SHA-256 of the random part. A fast hash is right here: 32 random bytes cannot be guessed.';
comment on column outbound_webhooks.api_keys.last_used_at is 'Written once a minute at most.';
comment on column outbound_webhooks.api_keys.created_by is 'The actor that a program named, or the database user.';

create index if not exists api_keys_by_clinic on outbound_webhooks.api_keys (clinic_id, id);

create table if not exists outbound_webhooks.portal_sessions (
    id bigint generated always as identity,
    kind text not null,
    api_key_id bigint,
    user_id text,
    roles jsonb not null,
    is_operator boolean not null,
    code_digest bytea,
    session_digest bytea,
    created_at timestamptz not null default clock_timestamp(),
    opened_at timestamptz,
    last_seen_at timestamptz,
    ends_at timestamptz not null,
    constraint portal_sessions_pkey primary key (id),
    constraint portal_sessions_code_is_unique unique (code_digest),
    constraint portal_sessions_session_is_unique unique (session_digest),
    constraint portal_sessions_of_an_api_key foreign key (api_key_id) references outbound_webhooks.api_keys (id),
    constraint portal_sessions_kind_is_known check (kind in ('link', 'api_key', 'token')),
    -- A key asks for a link in a person's name; a key that signs in is no person; the person of a token has no key.
    constraint portal_sessions_have_what_their_kind_has check (
        (api_key_id is null) = (kind = 'token')
        and (user_id is null) = (kind = 'api_key')
        and (code_digest is not null) = (kind = 'link')
        and (kind = 'link' or session_digest is not null)
    ),
    constraint portal_sessions_user_is_named check (user_id <> ''),
    constraint portal_sessions_roles_is_an_object check (jsonb_typeof(roles) = 'object'),
    constraint portal_sessions_grant_something check (is_operator = (roles = '{}')),
    constraint portal_sessions_digests_are_sha256 check (
        octet_length(code_digest) = 32 and octet_length(session_digest) = 32
    ),
    constraint portal_sessions_opened_is_whole check (num_nonnulls(session_digest, opened_at, last_seen_at) in (0, 3))
) with (fillfactor = 80);

comment on table outbound_webhooks.portal_sessions is
    'People at the admin API: what a host''s server asked for, and the session that its one-time code was exchanged for; and who signed in with a key or a token. Digests only.';
comment on column outbound_webhooks.portal_sessions.kind is
    'link: a one-time code opens it. api_key, token: somebody signed in with one.';
comment on column outbound_webhooks.portal_sessions.api_key_id is
    'Who asked for the link, or signed in; null: a token. With that key revoked or expired the session is over.';
comment on column outbound_webhooks.portal_sessions.user_id is 'The person, as the host calls them; null: an API key.';
comment on column outbound_webhooks.portal_sessions.roles is
    'The role by clinic; empty for an operator. Of a session of kind api_key it is the one at the beginning: what the key is counts.';
comment on column outbound_webhooks.portal_sessions.session_digest is 'SHA-256 of the cookie; null until the code was exchanged.';
comment on column outbound_webhooks.portal_sessions.last_seen_at is 'Written once a minute at most.';
comment on column outbound_webhooks.portal_sessions.ends_at is
    'When it is over: until it is opened that is the end of the code, then that of the session; a logout sets it to now.';

create index if not exists portal_sessions_by_end on outbound_webhooks.portal_sessions (ends_at);

-- The two promises of the doorbell, as epoch milliseconds of the server's clock. Sequences are read outside MVCC, so a
-- writer in any isolation level sees the present value; unlogged, they read 0 after a crash, which rings too much
-- rather than too little.
create unlogged sequence if not exists outbound_webhooks.awake_until minvalue 0 start 0;
create unlogged sequence if not exists outbound_webhooks.asleep_until minvalue 0 start 0;

comment on sequence outbound_webhooks.awake_until is 'Some dispatcher keeps looking for work until this epoch millisecond.';
comment on sequence outbound_webhooks.asleep_until is 'Some dispatcher waits on LISTEN until this epoch millisecond.';

grant select on outbound_webhooks.settings, outbound_webhooks.schema_bundle, outbound_webhooks.dispatchers,
    outbound_webhooks.leadership to outbound_webhooks_dispatcher, outbound_webhooks_admin, outbound_webhooks_monitor;
-- What endpoint_status says of them.
grant select (parked_max_count, parked_max_age) on outbound_webhooks.settings to outbound_webhooks_clinic;
