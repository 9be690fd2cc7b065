-- The one way to move a position by hand: `dayfour positions set`. Whoever holds the partition is fenced by it and
-- reads the position anew.
create function ops.set_position(in_topic text, in_partition int, in_next bigint) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    was bigint;
begin
    select p.next_offset into was from intake.position p
    where p.topic = in_topic and p.partition = in_partition for update;
    insert into intake.position as p (topic, partition, next_offset, epoch, owner)
    values (in_topic, in_partition, in_next, 1, 'set by hand')
    on conflict (topic, partition)
        do update set next_offset = in_next, epoch = p.epoch + 1, owner = 'set by hand', updated_at = now();
    perform audit.write('position_set', null, null, null,
                        jsonb_build_object('topic', in_topic, 'partition', in_partition, 'before', was, 'after', in_next));
    return was;
end $$;

revoke all on function ops.set_position(text, int, bigint) from public;
grant create on schema ops to dayfour_ops_owner;
alter function ops.set_position(text, int, bigint) owner to dayfour_ops_owner;
revoke create on schema ops from dayfour_ops_owner;
grant insert (topic, partition, next_offset, epoch, owner), update (next_offset, epoch, owner, updated_at)
    on intake.position to dayfour_ops_owner;
grant execute on function ops.set_position(text, int, bigint) to dayfour_operator;
