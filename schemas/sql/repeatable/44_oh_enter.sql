-- Functions that the functions for entries share. Each function first asks oh.is_repeat(), then oh.lock_task(), checks,
-- calls oh.enter(), and notes the action in the audit. None of them takes a lock that a service waits for.

grant create on schema oh to dayfour_oh_owner;
set local role dayfour_oh_owner;

-- Whether the login made this request before, under the same id. The id is stored in the transaction of the action, so
-- a refusal rolls both back. The second of two concurrent requests waits for the first, for at most a second.
create or replace function oh.is_repeat(in_request uuid, in_function text, in_about text) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp set lock_timeout = '1s' as $$
declare
    about bytea := sha256(convert_to(concat_ws(E'\x1f', in_function, in_about), 'UTF8'));
    since timestamptz := oh.clock() - interval '24 hours';
    known bytea;
begin
    if in_request is null then
        return false;
    end if;
    select r.digest into known from oh.request r
    where r.login = session_user and r.request_id = in_request and r.at >= since;
    if not found then
        begin
            insert into oh.request as r (login, request_id, digest, at)
            values (session_user, in_request, about, oh.clock())
            on conflict (login, request_id) do update set digest = excluded.digest, at = excluded.at
            where r.at < since;
            if found then
                delete from oh.request r
                where r.ctid = any (array(select x.ctid from oh.request x
                                          where x.login = session_user and x.at < since
                                          limit 100 for update skip locked));
                return false;
            end if;
        exception when lock_not_available or serialization_failure or deadlock_detected then
            perform oh.refuse('OH002', 'the same request is being dealt with');
        end;
        select r.digest into known from oh.request r where r.login = session_user and r.request_id = in_request;
    end if;
    if known is distinct from about then
        perform oh.refuse('22023', 'the request id was used for something else');
    end if;
    return true;
end $$;

-- Gives the task, and the turn at it until the commit: no other clinician can change it meanwhile. Services do not use
-- turns. The row of oh.task_turn is updated, not only locked: with a lock alone, a second transaction with an older
-- snapshot would continue after it.
create or replace function oh.lock_task(in_task text) returns casework.spell
language plpgsql volatile set search_path = pg_catalog, pg_temp set lock_timeout = '1s' as $$
declare
    s casework.spell;
begin
    select x.* into s from casework.spell x where x.spell_id = in_task;
    if not found or not oh.sees(s.organisation, s.queue) then
        perform oh.refuse('OH001', 'no such task for you');
    end if;
    begin
        update oh.task_turn t set entries = t.entries where t.task_id = in_task;
        if not found then
            insert into oh.task_turn as t (task_id, entries)
            values (in_task, (select count(*) from oh.entry_row r where r.task_id = in_task))
            on conflict (task_id) do update set entries = t.entries;
        end if;
    exception when lock_not_available or serialization_failure or deadlock_detected then
        perform oh.refuse('OH002', 'somebody is entering something about this case');
    end;
    select x.* into s from casework.spell x where x.spell_id = in_task;
    if not found or not oh.sees(s.organisation, s.queue) then
        perform oh.refuse('OH001', 'no such task for you');
    end if;
    return s;
end $$;

-- Wakes followup for a person after an entry; in_entry: the row of fact.contact, if there is one.
create or replace function oh.wake(in_organisation text, in_person_id text, in_entry bigint) returns void
language sql volatile set search_path = pg_catalog, pg_temp as $$
    insert into followup.wake_up (organisation, person_id, at, entry_id)
    values (in_organisation, in_person_id, oh.clock(), in_entry)
$$;

-- Inserts an entry about a task that lock_task() gave, with the records that the spell has now. e: the columns that the
-- caller sets; the function sets the others. Closing and claiming stop at 500 entries of a task, contacts at 600.
create or replace function oh.enter(s casework.spell, e fact.contact) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
    entry bigint;
    entered timestamptz := oh.clock();
    so_many int;
begin
    update oh.task_turn t set entries = t.entries + 1 where t.task_id = s.spell_id returning t.entries into so_many;
    if so_many > (case when e.kind in (1, 7) then 600 else 500 end) then
        perform oh.refuse('OH002', 'the task has as many entries as a task may have');
    end if;
    insert into fact.contact (organisation, person_id, pathway, kind, at, entered_at, by, assignee, outcome,
                              review_on, red_flag, anchor_source, anchor_absence_id,
                              record_sources, record_ids, record_codes, call_back_at, channel, no_follow_up,
                              work_related, work_ability, likely_return, service, oh_record)
    select s.organisation, s.person_id, s.pathway, e.kind, coalesce(e.at, entered), entered, session_user,
           e.assignee, coalesce(e.outcome, 0), e.review_on, coalesce(e.red_flag, false), s.anchor_source,
           s.anchor_absence_id, s.record_sources, s.record_ids,
           array(select coalesce(a.code, '') from unnest(s.record_sources, s.record_ids) with ordinality r(src, id, n)
                 left join fact.absence a on a.organisation = s.organisation and a.person_id = s.person_id
                     and a.source = r.src and a.absence_id = r.id and a.match = 1
                 order by r.n),
           e.call_back_at, coalesce(e.channel, 0), coalesce(e.no_follow_up, false), e.work_related, e.work_ability,
           e.likely_return, e.service, e.oh_record
    returning entry_id into entry;
    perform oh.wake(s.organisation, s.person_id, entry);
    return entry;
end $$;

-- The login that has the task, by the entries; null: nobody. The derived column assigned_to may be behind.
create or replace function oh.holder(in_task text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
    select r.assignee from oh.entry_row r
    where r.task_id = in_task and r.kind_no in (2, 3, 4) and r.retracted_at is null
    order by r.at desc, r.entry_id desc limit 1
$$;

-- The number of an outcome, as in common/casework/facts.h, if it is one of in_names; in_numbers is in step.
create or replace function oh.outcome_no(in_outcome text, in_names text[], in_numbers int[]) returns int
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    n int := array_position(in_names, in_outcome);
begin
    if n is null then
        perform oh.refuse('22023', 'the outcome is none of ' || array_to_string(in_names, ', '));
    end if;
    return in_numbers[n];
end $$;

-- The number of a channel.
create or replace function oh.channel_no(in_channel text) returns int
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    names constant text[] := array['phone', 'video', 'in_person', 'text', 'email', 'letter'];
    n int := array_position(names, in_channel);
begin
    if n is null then
        perform oh.refuse('22023', 'the channel is none of ' || array_to_string(names, ', '));
    end if;
    return n;
end $$;

-- Refuses the time of a contact or attempt that cannot be: in the future, before the absence, or after the person died
-- or left.
create or replace function oh.check_at(s casework.spell, in_at timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
    p record;
begin
    if s.tombstone then
        perform oh.refuse('OH002', 'the spell no longer stands');
    end if;
    if in_at is null or in_at > oh.clock() then
        perform oh.refuse('22023', 'the time is in the future');
    end if;
    if in_at < (s.onset_date::timestamp at time zone oh.time_zone()) then
        perform oh.refuse('22023', 'the time is before the onset of the absence');
    end if;
    select x.died_on, x.left_on into p from fact.person x
    where x.organisation = s.organisation and x.person_id = s.person_id;
    if (in_at at time zone oh.time_zone())::date > p.died_on
       or s.onset_date <= p.left_on and (in_at at time zone oh.time_zone())::date > p.left_on then
        perform oh.refuse('OH002', 'the person has died or left by then');
    end if;
end $$;

-- Whether the case is closed, by the entries: a later contact reopens it.
create or replace function oh.is_closed(in_task text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
    select coalesce((select r.kind_no = 5 and not exists (
                                select from oh.entry_row c
                                where c.task_id = in_task and c.kind_no = 1 and c.retracted_at is null and c.at > r.at)
                     from oh.entry_row r
                     where r.task_id = in_task and r.kind_no in (5, 6) and r.retracted_at is null
                     order by r.at desc, r.entry_id desc limit 1), false)
$$;

-- Whether there were three calls on two days that reached nobody, and no contact, by the entries.
create or replace function oh.is_unreachable(in_task text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
    select count(*) filter (where r.failed) >= 3 and count(distinct r.day) filter (where r.failed) >= 2
           and count(*) filter (where r.kind_no = 1) = 0
    from (select e.kind_no, (e.at at time zone oh.time_zone())::date as day,
                 e.kind_no = 0 and e.outcome in ('no_answer', 'voicemail', 'wrong_number')
                     and e.channel not in ('text', 'email', 'letter') as failed
          from oh.entry_row e
          where e.task_id = in_task and e.kind_no in (0, 1) and e.retracted_at is null) r
$$;

-- Whether the latest contact has a red flag that nobody has acknowledged since.
create or replace function oh.is_flagged(in_task text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
    select coalesce((select (c.red_flag or c.outcome = 'urgent_care_advised') and not exists (
                                select from oh.entry_row a
                                where a.task_id = in_task and a.kind_no = 7 and a.retracted_at is null
                                  and a.entry_id > c.entry_id)
                     from oh.entry_row c
                     where c.task_id = in_task and c.kind_no = 1 and c.retracted_at is null
                     order by c.at desc, c.entry_id desc limit 1), false)
$$;

reset role;

revoke create on schema oh from dayfour_oh_owner;
revoke all on all functions in schema oh from public;
