-- rotate_secret: a new signing key for an endpoint. Those that it has go on signing beside it for the overlap, so that the
-- receiver can change over whenever it likes meanwhile.
-- Called by: DBAs, the admin API, `outbound-webhooks rotate-secret`. Returns the key once: it is sealed within seconds
-- and not shown again. A key that ends sooner keeps its end.
-- Locks: the endpoint, against another rotation or revocation. No payment, claim or result waits for that.
create or replace function outbound_webhooks.rotate_secret(
    p_endpoint_id bigint,
    p_overlap interval default '24 hours',
    p_secret text default null
)
    returns table (secret_id bigint, secret text)
    language plpgsql
    volatile
    security definer -- no role has a grant on endpoint_secrets
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_most constant integer := 5; -- each of them is one more signature in every request
    v_secret constant text := outbound_webhooks.signing_key(p_secret);
    v_clinic_id text;
    v_now timestamptz;
    v_first_end timestamptz;
begin
    if p_overlap is null or p_overlap not between interval '0' and interval '7 days' then
        raise exception 'the overlap must be from 0 to 7 days, not %', coalesce(p_overlap::text, 'null')
            using errcode = 'invalid_parameter_value', hint = 'For example interval ''2 hours''.';
    end if;
    select e.clinic_id into v_clinic_id
    from outbound_webhooks.endpoints as e
    where e.id = p_endpoint_id
        and outbound_webhooks.caller_sees(e.clinic_id)
        and e.state <> 'retired'
    for no key update;
    if not found then
        perform outbound_webhooks.refuse_state(p_endpoint_id, 'given a new key');
    end if;

    v_now := clock_timestamp(); -- after the lock: the keys that are there were made before
    update outbound_webhooks.endpoint_secrets as s
    set valid_until = v_now + p_overlap
    where s.endpoint_id = p_endpoint_id
        and (s.valid_until is null or s.valid_until > v_now + p_overlap);
    select min(s.valid_until) into v_first_end
    from outbound_webhooks.endpoint_secrets as s
    where s.endpoint_id = p_endpoint_id
        and s.valid_until > v_now
    having count(*) >= v_most;
    if found then
        raise exception 'endpoint % has % keys that sign, which is the most', p_endpoint_id, v_most
            using errcode = 'program_limit_exceeded',
                hint = format(
                    'Wait until the first one ends, at %s, or revoke one: see list_secrets(%s).', v_first_end, p_endpoint_id
                );
    end if;

    return query
    insert into outbound_webhooks.endpoint_secrets as s (clinic_id, endpoint_id, secret)
    values (v_clinic_id, p_endpoint_id, v_secret)
    returning s.id, s.secret;
end
$$;

revoke execute on function outbound_webhooks.rotate_secret(bigint, interval, text) from public;
grant execute on function outbound_webhooks.rotate_secret(bigint, interval, text)
    to outbound_webhooks_admin, outbound_webhooks_clinic;
comment on function outbound_webhooks.rotate_secret(bigint, interval, text) is
    E'Give an endpoint a new signing key; returns its id, and the key itself, which is shown this once. Until the overlap '
    'ends, every request is signed with the new key and with those before it.\n'
    'p_overlap: for how long the keys before it go on signing, from 0 (they end at once) to 7 days.\n'
    'p_secret: the new key, whsec_ and the base64 of 24 to 64 random bytes; made if left out.';
