-- related_by: what a related row is found by, in two parts: the row, and its column: {checkout, offer_id}.
-- Called by: check_related, payload_definition. Locks: nothing. Without the name of an earlier related row it is a
-- column of the watched row, the payment, whose name may hold a dot.
create or replace function outbound_webhooks.related_by(p_by text, p_earlier text[])
    returns text[]
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when split_part(p_by, '.', 1) = any (p_earlier)
            then array[split_part(p_by, '.', 1), substr(p_by, strpos(p_by, '.') + 1)]
        else array['payment', p_by]
    end
$$;

revoke execute on function outbound_webhooks.related_by(text, text[]) from public;
comment on function outbound_webhooks.related_by(text, text[]) is 'The row and the column that a related row is found by.';
