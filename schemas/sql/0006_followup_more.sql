-- More of followup's own: whose events wait while the emission is paused, and the one way to move a shard on.

-- People derived while the emission was paused, with something to say since. When it goes on they are due.
create table followup.held (
    organisation text collate "C" not null,
    person_id    text collate "C" not null,
    primary key (organisation, person_id)
);

-- Moves a shard on: a batch claimed (or none), all up to in_published confirmed and dropped. In the transaction of
-- the claim; raises CT001 unless the caller's lease still holds and the shard is as it believes.
create function followup.advance(in_shard int, in_epoch bigint, in_next bigint, in_published bigint, in_claims boolean)
returns void language plpgsql set search_path = pg_catalog as $$
begin
    update followup.shard s
    set next_batch = s.next_batch + case when in_claims then 1 else 0 end,
        confirmed_batch = greatest(s.confirmed_batch, in_published)
    where s.shard = in_shard and s.epoch = in_epoch and s.next_batch = in_next;
    if not found then
        raise exception 'fenced: shard % is not ours any more', in_shard using errcode = 'CT001';
    end if;
    delete from followup.outbox o where o.shard = in_shard and o.batch_no <= in_published;
end $$;

-- The same without moving: of a statement about a shard that only its owner may make.
create function followup.check_epoch(in_shard int, in_epoch bigint) returns void
language plpgsql set search_path = pg_catalog as $$
begin
    perform from followup.shard s where s.shard = in_shard and s.epoch = in_epoch for update;
    if not found then
        raise exception 'fenced: shard % is not ours any more', in_shard using errcode = 'CT001';
    end if;
end $$;

revoke all on all functions in schema followup from public;
grant execute on function followup.advance(int, bigint, bigint, bigint, boolean),
    followup.check_epoch(int, bigint) to dayfour_followup;
grant select, insert, delete on followup.held to dayfour_followup;
grant select, delete on followup.held to dayfour_retention;

alter table followup.held enable row level security;
create policy service on followup.held to dayfour_followup, dayfour_retention using (true) with check (true);
