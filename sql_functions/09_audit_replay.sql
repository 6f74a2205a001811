-- audit_replay: a line of the audit log for a replay that somebody starts, stops, or lets go on: what was chosen, or how
-- far it is. That it is done is no deed of anybody's.
-- Called by: a trigger on replays, after insert or update of state, whoever writes it (attach_triggers). Locks: nothing.
create or replace function outbound_webhooks.audit_replay()
    returns trigger
    language plpgsql
    volatile
    security definer -- who may write replays need not write the log
    set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'INSERT' then
        perform outbound_webhooks.record_audit(
            new.kind || '.started', new.clinic_id, format('replay %s', new.id),
            outbound_webhooks.describe_selection(new) || jsonb_build_object('rate', new.rate, 'deliveries', new.total)
        );
    elsif new.state <> old.state and new.state <> 'done' then
        perform outbound_webhooks.record_audit(
            new.kind || case new.state when 'running' then '.resumed' else '.stopped' end,
            new.clinic_id, format('replay %s', new.id),
            jsonb_build_object('moved', new.moved, 'skipped', new.skipped, 'of', new.total)
        );
    end if;
    return null;
end
$$;

revoke execute on function outbound_webhooks.audit_replay() from public;
comment on function outbound_webhooks.audit_replay() is
    'Write a line of the audit log for a replay that is started, stopped or resumed.';
