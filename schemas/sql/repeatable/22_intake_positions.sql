-- Positions of intake. The transaction that stores messages moves the position, and an epoch fences the owner before.
-- Every function locks its rows of intake.position in the order of partitions.

grant create on schema intake to dayfour_ops_owner;

-- Takes over partitions and gives their positions. The epoch rises, so the owner before fails at its next commit. First
-- it applies what operators asked for (intake.position_request). in_starts: where the logs begin now; null: not known.
-- A position that is not known yet becomes the beginning of the log. A beginning after the position is not noted as
-- log_start: it shows that records are lost, or that this is another topic.
create or replace function intake.take_positions(in_topic text, in_partitions int[], in_owner text, in_starts bigint[])
returns table (partition int, next_offset bigint, epoch bigint, log_start bigint, last_offset bigint,
               last_digest bytea, seen_end bigint)
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    insert into intake.position as p (topic, partition, next_offset, epoch, owner)
    select in_topic, u.part, null, 0, in_owner from unnest(in_partitions) u(part) order by u.part
    on conflict do nothing;
    perform 1 from intake.position p where p.topic = in_topic and p.partition = any (in_partitions)
        order by p.partition for update;
    with met as (
        delete from intake.position_request r where r.topic = in_topic and r.partition = any (in_partitions)
        returning r.request_id, r.partition as part, r.next_offset as nx),
    newest as (
        select distinct on (m.part) m.part, m.nx from met m order by m.part, m.request_id desc)
    update intake.position p
        set next_offset = n.nx, log_start = null, last_offset = null, last_digest = null, seen_end = null
        from newest n where p.topic = in_topic and p.partition = n.part;
    return query
        update intake.position p
        set epoch = p.epoch + 1, owner = in_owner, updated_at = now(),
            next_offset = coalesce(p.next_offset, u.start),
            log_start = case when u.start > greatest(p.next_offset, p.seen_end) then p.log_start
                             else greatest(p.log_start, u.start) end
        from unnest(in_partitions, in_starts) u(part, start)
        where p.topic = in_topic and p.partition = u.part
        returning p.partition, p.next_offset, p.epoch, p.log_start, p.last_offset, p.last_digest, p.seen_end;
end $$;
grant execute on function intake.take_positions(text, int[], text, bigint[]) to dayfour_intake;

-- Moves positions by compare-and-swap. It is the first statement of a batch, so a fenced owner fails before it does any
-- work. Raises CT001 unless every partition has the position and epoch that the caller expects; the position is -1 if
-- it is not known yet. in_digests: a digest of the record before in_next; null keeps the digest of an earlier record.
create or replace function intake.move_positions(in_topic text, in_partitions int[], in_expected bigint[],
                                                 in_epochs bigint[],
                                                 in_next bigint[], in_digests bytea[])
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    n bigint;
begin
    perform 1 from intake.position p where p.topic = in_topic and p.partition = any (in_partitions)
        order by p.partition for update;
    update intake.position p
        set next_offset = v.nx, updated_at = now(),
            last_offset = case when v.digest is null then p.last_offset else v.nx - 1 end,
            last_digest = coalesce(v.digest, p.last_digest)
        from unnest(in_partitions, in_expected, in_epochs, in_next, in_digests) v(part, ex, ep, nx, digest)
        where p.topic = in_topic and p.partition = v.part and coalesce(p.next_offset, -1) = v.ex and p.epoch = v.ep;
    get diagnostics n = row_count;
    if n <> cardinality(in_partitions) then
        raise exception 'fenced: % of % partitions are still ours', n, cardinality(in_partitions)
            using errcode = 'CT001';
    end if;
end $$;
grant execute on function intake.move_positions(text, int[], bigint[], bigint[], bigint[], bytea[]) to dayfour_intake;

-- Notes ends up to which nothing is left to read (seen_end), if epoch and position are still those given. It skips rows
-- that another transaction has locked: intake calls it again.
create or replace function intake.note_ends(in_topic text, in_partitions int[], in_epochs bigint[], in_next bigint[],
                                            in_ends bigint[])
returns void language sql set search_path = pg_catalog, pg_temp as $$
    update intake.position p set seen_end = v.seen
    from unnest(in_partitions, in_epochs, in_next, in_ends) v(part, ep, nx, seen)
    where p.topic = in_topic and p.partition = v.part
        and p.partition in (select q.partition from intake.position q
                            where q.topic = in_topic and q.partition = any (in_partitions) for update skip locked)
        and p.epoch = v.ep and coalesce(p.next_offset, -1) = v.nx and p.seen_end is distinct from v.seen
$$;
grant execute on function intake.note_ends(text, int[], bigint[], bigint[], bigint[]) to dayfour_intake;

set local role dayfour_ops_owner;

-- Whether exactly this dead letter is stored already. Intake may ask this, but may not read the messages.
create or replace function intake.is_dead_letter(in_topic text, in_partition int, in_offset bigint, in_reason text,
                                                 in_key bytea,
                                                 in_value bytea, in_headers bytea, in_size bigint, in_sha256 bytea)
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from intake.dead_letter d
        where d.topic = in_topic and d.partition = in_partition and d."offset" = in_offset
            and (d.reason, d.key, d.value, d.headers, d.size, d.sha256)
                is not distinct from (in_reason, in_key, in_value, in_headers, in_size, in_sha256))
$$;
grant execute on function intake.is_dead_letter(text, int, bigint, text, bytea, bytea, bytea, bigint, bytea) to
    dayfour_intake;

reset role;

revoke create on schema intake from dayfour_ops_owner;
revoke all on all functions in schema intake from public;
