-- check_secret: refuse a signing key before the CHECKs of its table do. Their error has the whole row in its DETAIL, a key
-- in clear with it, and the server writes that into its log; this one has nothing of the row.
-- Called by: a trigger on endpoint_secrets, before insert and update (attach_triggers). Locks: nothing. The CHECKs say the
-- same, for whoever turns triggers off.
create or replace function outbound_webhooks.check_secret()
    returns trigger
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_wrong constant text := case
        when num_nulls(new.id, new.clinic_id, new.endpoint_id, new.created_at) > 0
            then 'a signing key needs an id, a clinic, an endpoint and a time'
        when num_nonnulls(new.secret, new.sealed) <> 1 then 'a signing key stands either in clear or sealed'
        when new.valid_until <= new.created_at then 'a signing key ends after it was made'
    end;
begin
    if v_wrong is not null then
        raise exception '%', v_wrong using errcode = 'check_violation', schema = tg_table_schema, table = tg_table_name;
    end if;
    if new.secret is not null then
        perform outbound_webhooks.signing_key(new.secret);
    end if;
    return new;
end
$$;

revoke execute on function outbound_webhooks.check_secret() from public;
comment on function outbound_webhooks.check_secret() is
    'Refuse a signing key that is none, without repeating it in the server''s log.';
