-- guard_header: hold every row of endpoint_headers to the rules, whoever writes it.
-- Called by: a trigger on endpoint_headers (attach_triggers), before insert and update.
-- Locks: the endpoint, so that two who add to its headers see each other's. No payment, claim or result waits for that.
-- Sealing changes neither name nor size: it locks nothing, and is not refused, even where a row got past the rules, or is
-- older than one of them; the dispatcher has them, too. What a sealed value weighs is read from it: base64 of 12 bytes of
-- nonce, the value, and 16 of tag. The code of a refusal is its constraint name (check_header; and here header_name,
-- header_count, header_size).
create or replace function outbound_webhooks.guard_header()
    returns trigger
    language plpgsql
    volatile
    security definer -- who may write headers need not be able to lock endpoints
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_all record;
begin
    -- Not left to the CHECKs of the table: their error has the whole row, which the server would write into its log.
    if num_nulls(new.id, new.clinic_id, new.endpoint_id, new.name, new.set_at) > 0
        or num_nonnulls(new.value, new.sealed) <> 1
        or not starts_with(new.sealed, 'v1.')
    then
        raise exception 'a header has an endpoint, its clinic, a name, a time, and a value either in clear or sealed'
            using errcode = 'check_violation', constraint = 'header_value';
    end if;
    if tg_op = 'UPDATE' and new.value is null and (new.endpoint_id, new.name) = (old.endpoint_id, old.name) then
        return new;
    end if;
    perform outbound_webhooks.check_header(new.name, new.value);
    new.name := lower(new.name collate "C");

    perform from outbound_webhooks.endpoints as e where e.id = new.endpoint_id for no key update;
    select
        count(*) as n,
        count(distinct h.name) as names,
        sum(octet_length(h.name) + coalesce(
            octet_length(h.value), octet_length(decode(split_part(h.sealed, '.', 3), 'base64')) - 28
        )) as bytes
    into v_all
    from (
        select o.name, o.value, o.sealed
        from outbound_webhooks.endpoint_headers as o
        where o.endpoint_id = new.endpoint_id
            and o.id <> new.id
        union all
        select new.name, new.value, new.sealed
    ) as h;
    if v_all.names < v_all.n then
        raise exception 'the header % is named twice', new.name
            using errcode = 'invalid_parameter_value', constraint = 'header_name';
    elsif v_all.n > 20 then
        raise exception 'an endpoint has at most 20 headers of its own'
            using errcode = 'program_limit_exceeded', constraint = 'header_count';
    elsif v_all.bytes > 16384 then
        raise exception 'the headers of an endpoint have at most 16384 bytes together'
            using errcode = 'program_limit_exceeded', constraint = 'header_size';
    end if;
    return new;
end
$$;

revoke execute on function outbound_webhooks.guard_header() from public;
comment on function outbound_webhooks.guard_header() is 'Refuse headers of an endpoint that cannot be sent.';
