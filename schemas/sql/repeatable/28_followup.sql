-- Moving a shard, and taking the people about whom clinicians entered something.

-- Moves a shard: a batch is claimed (in_claims), and all batches up to in_published are confirmed and deleted. It runs
-- in the transaction of the claim. Raises CT001 unless the caller's lease still holds and the shard has the next batch
-- that the caller expects. A batch cannot be published before it was claimed, so that is refused too. enable_seqscan:
-- an outbox that was analysed while empty looks as if a scan were cheapest; it may hold many dead rows.
create or replace function followup.advance(in_shard int, in_epoch bigint, in_next bigint, in_published bigint,
                                            in_claims boolean)
returns void language plpgsql set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
    update followup.shard s
    set next_batch = s.next_batch + case when in_claims then 1 else 0 end,
        confirmed_batch = greatest(s.confirmed_batch, in_published)
    where s.shard = in_shard and s.epoch = in_epoch and s.next_batch = in_next and in_published < s.next_batch
        and s.confirmed_batch < s.next_batch;
    if not found then
        raise exception 'fenced: shard % is not ours any more, or not as its owner believes', in_shard
            using errcode = 'CT001';
    end if;
    delete from followup.outbox o where o.shard = in_shard and o.batch_no <= in_published;
end $$;
grant execute on function followup.advance(int, bigint, bigint, bigint, boolean) to dayfour_followup;

-- CT001 unless the caller still has the shard. It locks the shard until the commit.
create or replace function followup.check_epoch(in_shard int, in_epoch bigint) returns void
language plpgsql set search_path = pg_catalog as $$
begin
    perform from followup.shard s where s.shard = in_shard and s.epoch = in_epoch for update;
    if not found then
        raise exception 'fenced: shard % is not ours any more', in_shard using errcode = 'CT001';
    end if;
end $$;
grant execute on function followup.check_epoch(int, bigint) to dayfour_followup;

-- Continues from a position in Kafka that disagrees with the database, if an operator permitted it. Batches that are
-- not confirmed get numbers from in_position on and are published, perhaps a second time with the same ids. So every
-- event that counts as emitted is on its topic. in_position null: only the permission is used up.
create or replace function followup.recover(in_shard int, in_epoch bigint, in_position bigint) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    s followup.shard;
    shift bigint;
begin
    perform followup.check_epoch(in_shard, in_epoch);
    select x.* into strict s from followup.shard x where x.shard = in_shard;
    delete from followup.recovery r where r.shard = in_shard;
    if not found then
        raise exception 'shard % has no permission to go on', in_shard
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    shift := in_position - s.confirmed_batch - 1;
    if in_position > s.next_batch then
        update followup.outbox o set batch_no = o.batch_no + shift
        where o.shard = in_shard and o.batch_no > s.confirmed_batch;
        update followup.shard x
        set next_batch = x.next_batch + shift, confirmed_batch = x.confirmed_batch + shift
        where x.shard = in_shard;
    end if;
    insert into audit.entry (at, what, detail)
    values (now(), 'shard_recovered',
            jsonb_build_object('shard', in_shard, 'next_batch', s.next_batch, 'position', in_position));
end $$;
grant execute on function followup.recover(int, bigint, bigint) to dayfour_followup;

-- Adds rows of fact.person for people who have none, so that there is a row to lock. The next purge deletes a row
-- without any fact. If intake is adding the same person, the next claim does it: the wait for the lock is 50 ms at
-- most.
create or replace function followup.add_people(in_organisations text[], in_people text[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp set lock_timeout = '50ms' as $$
declare
    k record;
begin
    for k in select u.o, u.i from unnest(in_organisations, in_people) u(o, i)
             where not exists (select from fact.person p where p.organisation = u.o and p.person_id = u.i)
    loop
        begin
            insert into fact.person (organisation, person_id, revision) values (k.o, k.i, 0) on conflict do nothing;
        exception when lock_not_available then
            null;
        end;
    end loop;
end $$;
grant execute on function followup.add_people(text[], text[]) to dayfour_followup;

-- Takes at most in_most wake-ups, the oldest first: locks their people, and copies entries to the rows where they
-- count. Gives the people locked, with fact.person.emitted; the caller derives them in the same transaction.
--
-- Lock order: rows of fact.person by organisation and person_id, skipping those that another transaction has locked;
-- their wake-ups stay. The order of the statements matters, since each sees what was committed before it began: first
-- wake-ups, then locks, then facts. If an entry is not seen here, its wake-up was not seen either, and stays.
-- The revision always rises: an intake that loaded the person earlier fails, and loads again.
create or replace function followup.take_wake_ups(in_most int, in_shards int, in_shard int, in_now timestamptz)
returns table (organisation text, person_id text, emitted int)
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    orgs text[];
    people text[];
    wakes bigint[];
    entries bigint[];
begin
    with k as (select distinct u.organisation, u.person_id
               from (select x.organisation, x.person_id from followup.wake_up x
                     where in_shards = 1
                           or (hashtextextended(x.organisation || E'\x1f' || x.person_id, 0) & 9223372036854775807)
                              % in_shards = in_shard
                     order by x.wake_no limit in_most) u)
    select (select array_agg(k.organisation order by k.organisation, k.person_id) from k),
           (select array_agg(k.person_id order by k.organisation, k.person_id) from k),
           array_agg(w.wake_no), array_agg(w.entry_id) filter (where w.entry_id is not null)
    into orgs, people, wakes, entries
    from k join followup.wake_up w on w.organisation = k.organisation and w.person_id = k.person_id;
    if orgs is null then
        return;
    end if;
    perform followup.add_people(orgs, people);
    select array_agg(l.organisation), array_agg(l.person_id) into orgs, people
    from (select p.organisation, p.person_id from unnest(orgs, people) k(o, i)
          join fact.person p on p.organisation = k.o and p.person_id = k.i
          order by p.organisation, p.person_id for update of p skip locked) l;
    if orgs is null then
        return;
    end if;
    delete from followup.wake_up w using unnest(orgs, people) k(o, i)
    where w.wake_no = any (wakes) and w.organisation = k.o and w.person_id = k.i;
    -- An entry that was committed after a purge or an erasure deleted its records is deleted, too.
    with d as (delete from fact.contact c using unnest(orgs, people) k(o, i)
               where c.entry_id = any (entries) and c.organisation = k.o and c.person_id = k.i
                 and not exists (select from unnest(c.record_sources, c.record_ids) r(src, id)
                                 join fact.absence a on a.absence_id = r.id and a.source = r.src
                                     and a.organisation = c.organisation)
               returning c.organisation)
    insert into audit.entry (at, what, organisation) select in_now, 'entry_dropped', d.organisation from d;
    with d as (delete from fact.retraction r using unnest(orgs, people) k(o, i)
               where r.organisation = k.o and r.person_id = k.i returning r.entry_id, r.at, r.by, r.why)
    update fact.contact c set retracted_at = d.at, retracted_by = d.by, retracted_why = d.why
    from d where c.entry_id = d.entry_id and c.retracted_at is null;
    with d as (delete from fact.opting o using unnest(orgs, people) k(o, i)
               where o.organisation = k.o and o.person_id = k.i returning o.*),
         n as (select distinct on (d.organisation, d.person_id) d.* from d
               order by d.organisation, d.person_id, d.opt_time desc, d.opt_id desc)
    update fact.person p
    set opted_out = n.opted_out, opt_on = n.opt_on, opt_time = n.opt_time, opt_id = n.opt_id,
        changed_at = case when (case when n.opted_out then n.opt_on end)
                               is distinct from (case when p.opted_out then p.opt_on end)
                          then greatest(p.changed_at, n.entered_at) else p.changed_at end
    from n
    where p.organisation = n.organisation and p.person_id = n.person_id
      and (p.opt_time is null or (n.opt_time, n.opt_id) > (p.opt_time, p.opt_id));
    return query
        update fact.person p
        set revision = p.revision + 1,
            contacts = (select count(*) from fact.contact c
                        where c.organisation = p.organisation and c.person_id = p.person_id)
        from unnest(orgs, people) k(o, i)
        where p.organisation = k.o and p.person_id = k.i
        returning p.organisation, p.person_id, p.emitted;
end $$;
grant execute on function followup.take_wake_ups(int, int, int, timestamptz) to dayfour_followup;

revoke all on all functions in schema followup from public;
