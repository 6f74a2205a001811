-- quote_column: a column's name as SQL and PL/pgSQL take it. quote_ident() leaves words as they are that only PL/pgSQL
-- reserves, and payment.if is then no column of the row.
-- Called by: all that writes SQL of a source. Locks: nothing.
create or replace function outbound_webhooks.quote_column(p_name text)
    returns text
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when p_name in ('begin', 'by', 'declare', 'execute', 'foreach', 'if', 'loop', 'strict', 'while')
            then '"' || p_name || '"'
        else quote_ident(p_name)
    end
$$;

revoke execute on function outbound_webhooks.quote_column(text) from public;
comment on function outbound_webhooks.quote_column(text) is 'A column name for SQL and PL/pgSQL.';
