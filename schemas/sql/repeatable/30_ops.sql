-- Views and functions for operators and owners of feeds: how far things are, never which person they concern. Requests
-- of operators are rows that services read: an open transaction here delays no service.

grant create on schema ops to dayfour_ops_owner;
set local role dayfour_ops_owner;

-- Positions of intake. A position that an operator asked for counts already.
create or replace view ops.position as
select coalesce(p.topic, r.topic) as topic, coalesce(p.partition, r.partition) as partition,
       coalesce(r.next_offset, p.next_offset) as next_offset, coalesce(p.epoch, 0) as epoch,
       case when r.request_id is null then p.owner else 'set by hand' end as owner,
       coalesce(r.requested_at, p.updated_at) as updated_at,
       case when r.request_id is null then p.seen_end end as seen_end
from intake.position p
full join (select distinct on (q.topic, q.partition) q.*
           from intake.position_request q order by q.topic, q.partition, q.request_id desc) r
    on r.topic = p.topic and r.partition = p.partition;
grant select on ops.position to dayfour_operator, dayfour_feed_owner;

-- Asks intake to move a position (`dayfour positions set`); gives the position before.
create or replace function ops.set_position(in_topic text, in_partition int, in_next bigint) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    was bigint;
begin
    select p.next_offset into was from ops.position p where p.topic = in_topic and p.partition = in_partition;
    insert into intake.position_request (topic, partition, next_offset) values (in_topic, in_partition, in_next);
    perform audit.write('position_set', null, null, null,
                        jsonb_build_object('topic', in_topic, 'partition', in_partition, 'before', was, 'after', in_next));
    return was;
end $$;
grant execute on function ops.set_position(text, int, bigint) to dayfour_operator;

-- Shards of followup; recovery: an operator has permitted one.
create or replace view ops.shard as
select s.shard, s.owner, s.until, s.next_batch, s.confirmed_batch,
       exists (select from followup.recovery r where r.shard = s.shard) as recovery
from followup.shard s;
grant select on ops.shard to dayfour_operator;

-- Permits followup to recover a shard (`dayfour positions recover`).
create or replace function ops.recover_shard(in_shard int) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into followup.recovery (shard) values (in_shard);
    perform audit.write('shard_recovery', null, null, null, jsonb_build_object('shard', in_shard));
end $$;
grant execute on function ops.recover_shard(int) to dayfour_operator;

-- The backlog in one row: how many people are due, and how many records are not confirmed on their topics. clock: when
-- followup last had nothing left to do.
create or replace view ops.backlog as
select (select count(*) from fact.person p
        where p.next_wake_at <= (select oh.now()) or p.oh_wake_at <= (select oh.now()))
       + (select count(*) from (select distinct w.organisation, w.person_id from followup.wake_up w) w) as people_due,
       (select count(*) from followup.outbox) as unconfirmed,
       c.finished_at as clock
from ops.clock c;
grant select on ops.backlog to dayfour_operator, dayfour_feed_owner;

-- By how many seconds followup is behind, with now and the time zone.
create or replace function ops.behind() returns table (seconds bigint, now timestamptz, time_zone text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select greatest(0, extract(epoch from n.now - least(
               (select min(w.at) from followup.wake_up w),
               (select min(least(p.next_wake_at, p.oh_wake_at)) from fact.person p
                where p.next_wake_at <= n.now or p.oh_wake_at <= n.now))))::bigint,
           n.now, oh.time_zone()
    from (select oh.now() as now) n
$$;
grant execute on function ops.behind() to dayfour_web;

-- The organisations whose feed the login owns; evaluated once a statement.
create or replace function ops.my_feeds() returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select array(select f.organisation from ops.feed_owner f where f.login = session_user)
$$;
grant execute on function ops.my_feeds() to dayfour_feed_owner;

-- Dead letters without key, value and headers, which may name a person and a diagnosis.
create or replace view ops.dead_letter as
select d.topic, d.partition, d."offset", d.reason, d.detail, d.organisation, d.size, d.sha256, d.received_at,
       d.published_batch
from intake.dead_letter d;
grant select on ops.dead_letter to dayfour_operator, dayfour_feed_owner;

-- Whole dead letters, for the owners of the organisation's feed; reading is audited. A letter without a readable
-- organisation may concern any organisation: only the owner of the database reads it.
create or replace view ops.dead_letter_raw with (security_barrier) as
select d.topic, d.partition, d."offset", d.reason, d.detail, d.organisation, d.key, d.value, d.headers, d.size,
       d.sha256, d.received_at, d.published_batch
from intake.dead_letter d
where (select audit.note_read('ops.dead_letter_raw'))
  and case when (select pg_has_role(session_user, 'dayfour_ops_owner', 'member'))
                or d.organisation = any ((select ops.my_feeds())::text[])
           then audit.note_letter('ops.dead_letter_raw', (select oh.now()), (select oh.day_began()), d.organisation,
                                  d.value)
      end;
grant select on ops.dead_letter_raw to dayfour_feed_owner;

-- Dead letters with the person's id in them, as a JSON string. They include letters without a readable organisation.
-- dayfour_retention calls this function instead of reading the table, which would disclose every person's letters.
create or replace function ops.letters_about(in_organisation text, in_person_id text)
returns table (topic text, partition int, "offset" bigint, reason text, received_at timestamptz, value bytea)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select d.topic, d.partition, d."offset", d.reason, d.received_at, d.value from intake.dead_letter d
    where (d.organisation = in_organisation or d.organisation is null)
      and position(convert_to(to_json(in_person_id)::text, 'UTF8') in d.value) > 0
    order by d.received_at, d.topic, d.partition, d."offset"
$$;
grant execute on function ops.letters_about(text, text) to dayfour_retention;

-- People set aside, by number.
create or replace view ops.set_aside as
select s.no, s.service, s.code, s.what, s.prompts, s.since, s.last_at, s.retry_at, s.tries from casework.set_aside s;
grant select on ops.set_aside to dayfour_operator;

-- Asks followup to retry the person of that number, or all; gives how many people.
create or replace function ops.retry_set_aside(in_no bigint default null) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    n bigint;
begin
    insert into casework.retry_wanted (no)
    select s.no from casework.set_aside s where in_no is null or s.no = in_no;
    get diagnostics n = row_count;
    if n > 0 then
        perform audit.write('set_aside_retried', null, null, null, jsonb_build_object('people', n, 'no', in_no));
    end if;
    return n;
end $$;
grant execute on function ops.retry_set_aside(bigint) to dayfour_operator;

-- Notes which login pauses or resumes the emission.
create or replace function ops.note_emission() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    new.by := session_user;
    new.since := oh.clock();
    perform audit.write(case when new.paused then 'emission_paused' else 'emission_resumed' end, null, null, null,
                        null);
    return new;
end $$;

-- The clocks in one row: operators and `dayfour purge` compare them with the clock of their machine.
create or replace view ops.clocks as
select clock_timestamp() as database_clock, c.last_now, c.rehearsal_at, c.accepted from ops.clock c;
grant select on ops.clocks to dayfour_operator, dayfour_retention;

-- Accepts the database's clock as right (`dayfour clock accept`); gives the last_now before.
create or replace function ops.accept_clock() returns timestamptz
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    was ops.clock;
begin
    select c.* into was from ops.clock c for update;
    if was.rehearsal_at is not null then
        raise exception 'the time comes from a rehearsal' using errcode = 'object_not_in_prerequisite_state';
    end if;
    update ops.clock c set last_now = clock_timestamp(), accepted = c.accepted + 1;
    perform audit.write('clock_accepted', null, null, null,
                        jsonb_build_object('last_now', was.last_now, 'database_clock', clock_timestamp()));
    return was.last_now;
end $$;
grant execute on function ops.accept_clock() to dayfour_operator;

-- Keeps last_now from running over five minutes ahead, whatever clock a service has. It raises no error, which would end
-- the service. A superuser may set any value, to repair it by hand.
create or replace function ops.bound_last_now() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
    if new.last_now > clock_timestamp() + interval '5 min'
       and not exists (select from pg_roles r where r.rolname = session_user and r.rolsuper) then
        new.last_now := old.last_now;
    end if;
    return new;
end $$;

-- Ends transactions of occupational health's logins that are older than in_seconds; gives how many. Null: the right to do
-- so is missing. An old transaction delays no message, but purging, upgrades and vacuum.
create or replace function ops.end_old_transactions(in_seconds int) returns int
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    a record;
    ended int := 0;
begin
    if not pg_has_role(current_user, 'pg_signal_backend', 'usage')
       or not pg_has_role(current_user, 'pg_read_all_stats', 'usage') then
        return null;
    end if;
    for a in select s.pid, s.usename, extract(epoch from clock_timestamp() - s.xact_start)::int as seconds
             from pg_stat_activity s join pg_roles r on r.oid = s.usesysid
             where s.datname = current_database() and s.backend_type = 'client backend' and not r.rolsuper
               and s.xact_start < clock_timestamp() - make_interval(secs => in_seconds)
               and (pg_has_role(r.oid, 'dayfour_clinician', 'member') or pg_has_role(r.oid, 'dayfour_oh_admin', 'member'))
               and not pg_has_role(r.oid, 'dayfour_intake', 'member')
               and not pg_has_role(r.oid, 'dayfour_followup', 'member')
    loop
        if pg_terminate_backend(a.pid) then
            ended := ended + 1;
            perform audit.write('transaction_ended', null, null, null,
                                jsonb_build_object('login', a.usename, 'seconds', a.seconds));
        end if;
    end loop;
    return ended;
end $$;
grant execute on function ops.end_old_transactions(int) to dayfour_followup;

reset role;

create or replace trigger emission_audit before update on ops.emission
    for each row when (old.paused is distinct from new.paused) execute function ops.note_emission();
create or replace trigger last_now_is_bounded before update of last_now on ops.clock
    for each row when (new.last_now is distinct from old.last_now) execute function ops.bound_last_now();

revoke create on schema ops from dayfour_ops_owner;
revoke all on all functions in schema ops from public;
