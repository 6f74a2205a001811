"""What each role may do with each object: test_privileges.py holds the catalog to it, and it is the place to decide.

A new table, view, column, sequence or function fails until it stands here. Roles of people are another matter: they are
in dispatcher/core/access.py.
"""

ROLES = ("dispatcher", "admin", "monitor", "clinic")

# Who may read a table or view; nothing else is granted on any.
READ = {
    "api_keys": "",
    "attempts": "",
    "audit_log": "admin clinic",
    "backlog": "dispatcher admin monitor clinic",
    "capture_errors": "dispatcher admin",
    "deliveries": "dispatcher admin clinic",
    "delivery_log": "dispatcher admin clinic",
    "dispatchers": "dispatcher admin monitor",
    "endpoint_flow": "dispatcher admin monitor clinic",
    "endpoint_headers": "",
    "endpoint_hours": "dispatcher admin monitor clinic",
    "endpoint_secrets": "",
    "endpoint_statistics": "dispatcher admin monitor clinic",
    "endpoint_status": "dispatcher admin clinic",
    "endpoints": "dispatcher admin monitor clinic",
    "event_sources": "dispatcher admin monitor",
    "event_types": "dispatcher admin monitor clinic",
    "events": "dispatcher admin",
    "finished_deliveries": "dispatcher admin clinic",
    "leadership": "dispatcher admin monitor",
    "portal_sessions": "",
    "replays": "dispatcher admin clinic",
    "retry_calendar": "dispatcher admin monitor clinic",
    "schema_bundle": "dispatcher admin monitor",
    "settings": "dispatcher admin monitor",
    "stat_dispatchers": "dispatcher admin monitor",
    "stat_endpoints": "dispatcher admin monitor clinic",
    "stat_sources": "dispatcher admin monitor",
    "statistics_bounds": "dispatcher admin monitor clinic",
    "stuck_deliveries": "dispatcher admin monitor",
    "switches": "dispatcher admin monitor",
}

# Who may read these columns of a table, and no others of it.
ATTEMPT = (
    "delivery_id lease_token recorded_at endpoint_id clinic_id number reason outcome error_class http_status "
    "started_at duration_ms note content_type dispatcher_id"
)
EVENT = "id clinic_id type resource resource_id source occurred_at body traceparent request_id"
PART = {
    ("attempts", "admin"): ATTEMPT,
    ("attempts", "clinic"): ATTEMPT,
    ("attempts", "dispatcher"): ATTEMPT,
    ("capture_errors", "monitor"): "source occurred_at recaptured_at",
    ("deliveries", "monitor"): (
        "id event_id endpoint_id clinic_id created_at next_attempt_at attempt_count held_back parked_reason "
        "lease_owner lease_token lease_until"
    ),
    ("events", "monitor"): "id source occurred_at",
    ("events", "clinic"): EVENT,
    ("settings", "clinic"): "parked_max_count parked_max_age",
}

# Every column, as whoever may read a table reads all of them.
COLUMNS = {
    "api_keys": (
        "id clinic_id role digest description created_at created_by expires_at last_used_at revoked_at revoked_by"
    ),
    "attempts": (
        "delivery_id lease_token recorded_at endpoint_id clinic_id number reason outcome error_class "
        "http_status started_at duration_ms note content_type response_excerpt dispatcher_id"
    ),
    "audit_log": "id at database_user actor request_id address is_denied clinic_id action subject details",
    "backlog": "endpoint_id clinic_id state reason deliveries due_in_an_hour oldest oldest_due_seconds",
    "capture_errors": (
        "id source operation clinic_id resource_id event_types old_values new_values error_code message occurred_at "
        "traceparent actor request_id recaptured_at recaptured_as"
    ),
    "deliveries": (
        "id event_id endpoint_id clinic_id ordering_key created_at next_attempt_at attempt_count "
        "failure_count held_back reevaluated in_bulk manual_attempt retried_at parked_reason lease_owner lease_token "
        "leased_at lease_until"
    ),
    "delivery_log": (
        "id event_id endpoint_id clinic_id state reason created_at next_attempt_at finished_at attempt_count "
        "failure_count reevaluated"
    ),
    "dispatchers": "id name version delivering environment started_at heartbeat_at stopped_at",
    "endpoint_flow": (
        "endpoint_id clinic_id in_flight allowed_in_flight tokens tokens_at held_until failures failing_since "
        "failed_at failed_with succeeded_at breaker breaker_changed_at breaker_openings probe_at drain_rate "
        "drained_until dead_untold dead_told_at troubled_at disabled_told_at recovery_told_at"
    ),
    "endpoint_headers": "id clinic_id endpoint_id name value sealed set_at",
    "endpoint_hours": (
        "endpoint_id hour clinic_id attempts_succeeded attempts_lost failed_timeout failed_connect failed_tls "
        "failed_dns failed_blocked_address failed_protocol failed_3xx failed_4xx failed_5xx "
        "deliveries_succeeded deliveries_dead deliveries_cancelled request_buckets delivery_buckets"
    ),
    "endpoint_secrets": "id clinic_id endpoint_id secret sealed created_at valid_until",
    "endpoint_statistics": (
        "endpoint_id clinic_id hour attempts succeeded failed lost success_rate delivered dead cancelled "
        "request_p50_ms request_p95_ms request_p99_ms delivery_p50_ms delivery_p95_ms delivery_p99_ms"
    ),
    "endpoint_status": (
        "id clinic_id url state reason state_changed_at breaker probe_at held_until failures failing_since "
        "succeeded_at in_flight allowed_in_flight max_in_flight requests_per_second parked oldest_parked "
        "parked_max_count parked_max_age drain_rate"
    ),
    "endpoints": (
        "id clinic_id url description event_types filter state state_reason state_changed_at state_changed_by "
        "ordering max_in_flight requests_per_second timeout_seconds retry_schedule created_at"
    ),
    "event_sources": (
        "id name relation_schema relation_name relation_oid resource columns column_numbers amounts related "
        "rules is_strict payload_hash capture capture_changed_at capture_changed_by capture_reason created_at"
    ),
    "event_types": "name source_id description schema example generated",
    "events": "id clinic_id type resource resource_id source occurred_at body traceparent actor request_id",
    "finished_deliveries": (
        "id event_id endpoint_id clinic_id state reason created_at finished_at attempt_count failure_count "
        "reevaluated last_http_status last_error_class"
    ),
    "leadership": "singleton dispatcher_id held_until",
    "portal_sessions": (
        "id kind api_key_id user_id roles is_operator code_digest session_digest created_at opened_at last_seen_at "
        "ends_at"
    ),
    "replays": (
        "id kind endpoint_id clinic_id event_type delivery_state since until resource resource_id error_class "
        "rate state state_changed_at total moved skipped after_delivery_id after_event_id spread_until "
        "started_at started_by actor"
    ),
    "retry_calendar": "endpoint_id clinic_id due_within deliveries first_attempts held_back earliest",
    "schema_bundle": "singleton fingerprint migrations contract oldest_contract loaded_at",
    "settings": (
        "singleton capture capture_changed_at capture_changed_by capture_reason max_body_bytes "
        "max_endpoints_per_clinic internal_urls allowed_ports url_policy_changed_at url_policy_changed_by "
        "delivery delivery_changed_at delivery_changed_by delivery_reason delivering delivering_since "
        "armed_environment armed_system_identifier armed_database_oid armed_database armed_at armed_by "
        "wake_up breaker_failures breaker_cooldown_seconds disable_after parked_max_count parked_max_age "
        "notice_window events_keep_days finished_keep_days dead_keep_days attempts_keep_days ledger_keep_days "
        "secrets_keep_days statistics_keep_days audit_keep_days"
    ),
    "stat_dispatchers": (
        "dispatcher_id name version environment delivering state is_leader in_flight started_at heartbeat_at "
        "heartbeat_age_seconds stopped_at"
    ),
    "stat_endpoints": (
        "endpoint_id clinic_id host state reason state_changed_at ordering breaker breaker_changed_at probe_at "
        "held_until failures failing_since failed_at failed_with succeeded_at in_flight allowed_in_flight "
        "max_in_flight requests_per_second pending due oldest_due_seconds parked oldest_parked attempts success_rate "
        "request_p95_ms"
    ),
    "stat_sources": (
        "source relation resource is_strict capture capture_changed_at insert_trigger update_trigger is_capturing "
        "captured_at ledger_open ledger_oldest recaptured_at"
    ),
    "statistics_bounds": "request_ms delivery_ms",
    "stuck_deliveries": "delivery_id event_id endpoint_id clinic_id code words since created_at attempt_count",
    "switches": "switch scope is_on since changed_by reason",
}

# Who may read the last value of a sequence.
SEQUENCES = {
    "api_keys_id_seq": "",
    "asleep_until": "",
    "audit_log_id_seq": "",
    "awake_until": "",
    "capture_errors_id_seq": "",
    "delivery_ids": "dispatcher",
    "dispatchers_id_seq": "",
    "endpoint_headers_id_seq": "",
    "endpoint_secrets_id_seq": "",
    "endpoints_id_seq": "",
    "event_sources_id_seq": "",
    "lease_tokens": "",
    "portal_sessions_id_seq": "",
    "replays_id_seq": "",
}

# Who may call a function.
EXECUTE = {
    "advance_replay": "dispatcher",
    "arm": "admin",
    "begin_delivery": "dispatcher",
    "begin_test": "admin",
    "cancel_deliveries": "admin clinic",
    "change_endpoint": "admin clinic",
    "cancel_delivery": "admin clinic",
    "claim_deliveries": "dispatcher",
    "count_chosen": "admin clinic",
    "create_api_key": "admin",
    "create_endpoint": "admin clinic",
    "create_portal_session": "admin",
    "describe_event_type": "admin",
    "doctor": "admin monitor",
    "emit": "dispatcher admin",
    "emit_row": "admin",
    "emit_rows": "admin",
    "end_parked": "dispatcher",
    "end_portal_session": "admin",
    "end_portal_sessions": "admin",
    "end_test": "admin",
    "endpoint_stats": "dispatcher admin",
    "ensure_partitions": "dispatcher",
    "explain": "admin clinic",
    "explain_row": "admin",
    "find_api_key": "admin",
    "find_portal_session": "admin",
    "free_leases": "dispatcher",
    "heartbeat": "dispatcher",
    "list_api_keys": "admin",
    "list_headers": "admin clinic",
    "list_secrets": "admin clinic",
    "master_keys_used": "dispatcher",
    "may_deliver": "dispatcher",
    "may_start": "dispatcher",
    "member_roles": "admin",
    "note_api_key_use": "admin",
    "note_trial": "admin",
    "open_portal_session": "admin",
    "partition_days_ahead": "dispatcher admin monitor",
    "pause_endpoint": "admin clinic",
    "preview": "admin",
    "preview_payload": "admin",
    "promise": "dispatcher",
    "purge_rows": "dispatcher",
    "recapture": "admin",
    "record_attempts": "dispatcher",
    "record_denied": "admin clinic",
    "reconcile": "admin",
    "reconcile_events": "admin",
    "reconcile_rows": "admin",
    "reevaluate": "admin clinic",
    "register_dispatcher": "dispatcher",
    "release_deliveries": "dispatcher",
    "replace_value": "dispatcher",
    "replay": "admin clinic",
    "resume_endpoint": "admin clinic",
    "resume_replay": "admin clinic",
    "response_excerpts": "admin",
    "retention_plan": "dispatcher admin",
    "retire_endpoint": "admin clinic",
    "retry_delivery": "admin clinic",
    "revoke_api_key": "admin",
    "revoke_secret": "admin clinic",
    "ring_for_others": "dispatcher",
    "rotate_secret": "admin clinic",
    "sealed_otherwise": "dispatcher",
    "sealed_values": "dispatcher",
    "set_authorization": "admin clinic",
    "set_capture": "admin",
    "set_delivery": "admin",
    "set_headers": "admin clinic",
    "set_url_policy": "admin",
    "settle_deliveries": "dispatcher",
    "sign_in_with_key": "admin",
    "sign_in_with_token": "admin",
    "skipped_count": "dispatcher admin clinic",
    "source_stats": "dispatcher admin",
    "stats": "dispatcher admin",
    "stop_dispatcher": "dispatcher",
    "stop_replay": "admin clinic",
    "tell_operations": "dispatcher",
    "unsealed_values": "dispatcher",
    "uuid_v7_floor": "dispatcher admin monitor clinic",
    "why_unarmed": "dispatcher admin monitor",
    "xmin_ages": "dispatcher admin",
}

# Functions that only others of ours call, triggers among them.
INTERNAL = """
    actor_name add_buckets attach_partition attach_triggers audit_action audit_change audit_clean_url
    audit_difference audit_portal_session audit_replay audit_table begin_drop begin_recapture body_schema by_column
    caller_sees calls_for_event capture_ddl capture_definition capture_handler capture_off capture_switch
    catalogue_event_types catalogue_operations check_arguments check_body_size check_columns check_comparable
    check_endpoint_url check_event_type check_header check_key check_partition_key check_readable check_reconciled
    check_related check_retry check_rules check_secret check_selection check_size check_span check_url check_value
    check_watchable clinic_role column_names count_hours count_selected deliveries_known_since describe_selection
    describe_source describe_url_refusal diagnose_arming diagnose_capture diagnose_columns diagnose_endpoints
    diagnose_installation diagnose_newest_row diagnose_payload diagnose_policies diagnose_related diagnose_rights
    diagnose_row_security diagnose_source diagnose_strays diagnose_switches diagnose_triggers diagnose_urls
    disable_endpoints drain_parked drop_partition emit_expression ensure_clinic_role ensure_trigger event_body
    event_gaps event_id event_patterns event_schema events_known_since explain_capture explain_finished explain_live
    explain_missing field_expression field_schema filter_gap finish_deliveries finished_page follow_endpoint
    forget_source function_ddl generate_captures give_deliveries guard_header host_address host_refusal insert_event
    insert_notice is_crowded is_public_address judge_endpoints judge_gap leave_flow mapped_values matches_filter
    matches_now minor_units note_deaths older_delivery owed_page payload_definition payload_fields
    payload_is_generated payment_parts payment_rules pinned_settings policies_on present_fields previous_expression
    promise_stands protect_table protect_tables purge_list quote_column recapture_change recapture_gap recapture_open
    record_audit record_capture_error record_late_attempts reevaluate_batch refuse_audit_change refuse_state refuse_test
    refuse_unarmed refused_header related_by related_entry related_option related_table relation_of replace_headers
    replay_batch require_clinic retry_live return_deliveries revoke_ddl revoke_reads ring_doorbell row_gaps row_now
    row_schema row_statement rows_judged rows_page rule_condition rule_option rule_statement rules_since
    schema_example selects_event set_replay_state shell_word signing_key source_columns source_name source_named
    source_now source_of start_replay table_named tables_read told_now traceparent transaction_label treat_backlog
    trigger_ddl untold unwatch url_refusal uuid_v7 uuid_v7_time wake_followers watch watch_command watch_ddl
    write_as written_here
"""
