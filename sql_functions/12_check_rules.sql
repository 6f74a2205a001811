-- check_rules: refuse, with the reason, rules that the table or the mapping cannot carry out.
-- Called by: describe_source. Locks: nothing (reads the catalog).
-- A rule: {"type": "invoice.sent", "when": "inserted"}, or "changed" with "field" and perhaps "to" (a value),
-- or "grew" with "field" and perhaps "below" (another field).
create or replace function outbound_webhooks.check_rules(
    p_relation regclass, p_resource text, p_columns jsonb, p_rules jsonb
)
    returns void
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_rule jsonb;
    v_key text;
    v_allowed text[];
begin
    if jsonb_typeof(p_rules) is distinct from 'array' or jsonb_array_length(p_rules) = 0 then
        raise exception 'rules are a JSON array of at least one rule' using errcode = 'invalid_parameter_value';
    end if;
    for v_rule in select * from jsonb_array_elements(p_rules) loop
        v_allowed := case v_rule ->> 'when'
            when 'inserted' then '{type, when}'
            when 'changed' then '{type, when, field, to}'
            when 'grew' then '{type, when, field, below}'
        end;
        if v_allowed is null or exists (select from jsonb_object_keys(v_rule) as k where k <> all (v_allowed)) then
            raise exception 'rule % is not understood', v_rule
                using errcode = 'invalid_parameter_value',
                    hint = 'A rule has "type" and "when": inserted; changed, with "field" and perhaps "to"; '
                        'or grew, with "field" and perhaps "below".';
        end if;
        if coalesce(v_rule ->> 'type', '') !~ ('^' || p_resource || '\.[a-zA-Z0-9_]{1,64}$') then
            raise exception 'the event type of rule % must be %.verb', v_rule, p_resource
                using errcode = 'invalid_parameter_value';
        end if;
        foreach v_key in array v_allowed[3:4] loop
            continue when v_key in ('to', 'below') and not v_rule ? v_key;
            if v_key = 'to' then
                perform outbound_webhooks.check_value(p_relation, p_columns ->> (v_rule ->> 'field'), v_rule -> 'to');
                continue;
            end if;
            if not p_columns ? coalesce(v_rule ->> v_key, '') then
                raise exception 'rule % names no mapped field in "%"', v_rule, v_key
                    using errcode = 'undefined_column',
                        hint = format('The fields: %s.', (select string_agg(k, ', ') from jsonb_object_keys(p_columns) as k));
            end if;
            perform outbound_webhooks.check_comparable(
                p_relation, p_columns ->> (v_rule ->> v_key), v_rule ->> 'when' = 'grew'
            );
        end loop;
    end loop;
    if (select count(distinct r ->> 'type') <> count(*) from jsonb_array_elements(p_rules) as r) then
        raise exception 'two rules have the same event type' using errcode = 'invalid_parameter_value';
    end if;
end
$$;

revoke execute on function outbound_webhooks.check_rules(regclass, text, jsonb, jsonb) from public;
comment on function outbound_webhooks.check_rules(regclass, text, jsonb, jsonb) is
    'Refuse rules that a table cannot carry out.';
