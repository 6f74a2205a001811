-- add_buckets: the sum of two histograms of 12 buckets, bucket by bucket.
-- Called by: count_hours. Locks: nothing. One expression without settings of its own, so that it is inlined where it is
-- called: unnesting both and putting them together again would cost ten times as much, for each endpoint of a flush.
create or replace function outbound_webhooks.add_buckets(p_one integer[], p_other integer[])
    returns integer[]
    language sql
    immutable
    security invoker
as $$
    select array[
        p_one[1] + p_other[1], p_one[2] + p_other[2], p_one[3] + p_other[3], p_one[4] + p_other[4],
        p_one[5] + p_other[5], p_one[6] + p_other[6], p_one[7] + p_other[7], p_one[8] + p_other[8],
        p_one[9] + p_other[9], p_one[10] + p_other[10], p_one[11] + p_other[11], p_one[12] + p_other[12]
    ]
$$;

revoke execute on function outbound_webhooks.add_buckets(integer[], integer[]) from public;
comment on function outbound_webhooks.add_buckets(integer[], integer[]) is 'The sum of two histograms.';
