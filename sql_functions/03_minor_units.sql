-- minor_units: an amount in major units (10.50) as an integer of the currency's minor units (1050).
-- Called by: generated payload functions. Locks: nothing.
-- Exponents: ISO 4217; 2 unless listed. Never rounds: a fraction of a minor unit is an error, and lands in the ledger.
create or replace function outbound_webhooks.minor_units(p_amount numeric, p_currency text)
    returns bigint
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_exponent constant integer := case
        when upper(p_currency) in (
            'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'
        ) then 0
        when upper(p_currency) in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then 3
        when upper(p_currency) in ('CLF', 'UYW') then 4
        else 2
    end;
    v_minor constant numeric := p_amount * 10::numeric ^ v_exponent;
begin
    if v_minor <> trunc(v_minor) then
        raise exception 'amount % has a fraction of the minor unit of %', p_amount, p_currency
            using errcode = 'numeric_value_out_of_range';
    end if;
    return v_minor::bigint;
end
$$;

revoke execute on function outbound_webhooks.minor_units(numeric, text) from public;
comment on function outbound_webhooks.minor_units(numeric, text) is
    'Major units to integer minor units by the currency''s ISO 4217 exponent; refuses to round.';
