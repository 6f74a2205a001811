-- transaction_label: what a program named this transaction by in a setting: outbound_webhooks.actor or .request_id. Null if
-- it is no printable ASCII of at most 200 characters, without spaces around it: it goes into a header, and on terminals.
-- Called by: insert_event, record_capture_error. Locks: nothing. One expression without settings of its own, so that it is
-- inlined where it is called; the length is looked at first, as the value may have any.
create or replace function outbound_webhooks.transaction_label(p_setting text)
    returns text
    language sql
    stable
    security invoker
as $$
    select case
        when octet_length(current_setting(p_setting, true)) between 1 and 200
            and current_setting(p_setting, true) ~ '^[!-~]([ -~]*[!-~])?$'
        then current_setting(p_setting, true)
    end
$$;

revoke execute on function outbound_webhooks.transaction_label(text) from public;
comment on function outbound_webhooks.transaction_label(text) is 'The actor or the request id of the transaction.';
