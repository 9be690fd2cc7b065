-- What occupational-health teams use: worklists, the story of a case, and the functions by which they say what
-- they did. Who may see which row: 0004_roles.sql; doc/access.md has the whole table.
--
-- Login means session_user everywhere, which neither SET ROLE nor a SECURITY DEFINER function changes.

create schema oh;

-- Who works for which organisation, on which queues. A member of dayfour_oh_admin sees every queue of theirs.
create table oh.staff (
    login        text not null check (login <> ''),
    organisation text collate "C" not null check (octet_length(organisation) between 1 and 100),
    queues       text[] not null default '{}',
    primary key (login, organisation)
);

-- ---- time ----

alter table fact.settings add column time_zone text not null
    generated always as (coalesce(document::jsonb #>> '{defaults,time_zone}', 'Europe/London')) stored;

-- The product's now: that of a rehearsal while a service runs on a clock file, else the clock, which never goes
-- behind what a service has already worked with.
create function oh.now() returns timestamptz
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(c.rehearsal_at, greatest(statement_timestamp(), c.last_now)) from ops.clock c
$$;

-- The same with the clock read at the call: for what is written after waiting for a lock.
create function oh.clock() returns timestamptz
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(c.rehearsal_at, greatest(clock_timestamp(), c.last_now)) from ops.clock c
$$;

create function oh.time_zone() returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce((select s.time_zone from fact.settings s order by s.serial desc limit 1), 'Europe/London')
$$;

create function oh.today() returns date
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select (oh.now() at time zone oh.time_zone())::date
$$;

-- ---- who sees what ----

-- The organisations of whoever asks. A superuser sees all of them, as row-level security never binds one.
create view oh.sight as
select s.organisation, s.queues, pg_has_role(session_user, 'dayfour_oh_admin', 'member') as every_queue
from oh.staff s
where s.login = session_user
union all
select o.organisation, '{}'::text[], true
from (select f.organisation from intake.feed f union select t.organisation from oh.staff t) o
where (select r.rolsuper from pg_roles r where r.rolname = session_user);

-- The same as arrays, evaluated once a statement by the policies on the base tables.
create function oh.my_organisations() returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select array(select v.organisation from oh.sight v)
$$;

create function oh.led_organisations() returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select array(select v.organisation from oh.sight v where v.every_queue)
$$;

create function oh.my_queues() returns table (organisation text, queue text)
language sql stable security definer rows 4 set search_path = pg_catalog, pg_temp as $$
    select v.organisation, unnest(v.queues) from oh.sight v
$$;

create function oh.sees(in_organisation text, in_queue text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
    select exists (select from oh.sight v
                   where v.organisation = in_organisation and (v.every_queue or in_queue = any (v.queues)))
$$;

-- ---- audit ----

-- Which statement wrote an entry: a statement that reads people's data leaves one entry, whatever it reads.
alter table audit.entry
    add column xact xid8 not null default pg_current_xact_id(),
    add column statement_at timestamptz not null default statement_timestamp();
create index entry_read on audit.entry (xact) where what = 'read';

-- Entries stay as they are for as long as the settings say (audit_days), then audit.purge() may take them.
create function audit.keep_until(in_at timestamptz) returns timestamptz
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select in_at + make_interval(days => coalesce(
        (select (s.document::jsonb #>> '{retention,audit_days}')::int from fact.settings s
         order by s.serial desc limit 1), 2920))
$$;

create function audit.refuse() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if tg_op = 'DELETE' and audit.keep_until(old.at) < oh.now() then
        return old;
    end if;
    raise exception 'audit entries are not changed' using errcode = 'insufficient_privilege';
end $$;

create trigger entry_stays before update or delete on audit.entry
    for each row execute function audit.refuse();
create trigger entries_stay before truncate on audit.entry
    for each statement execute function audit.refuse();

-- An entry about what the session's user did.
create function audit.write(in_what text, in_why text, in_organisation text, in_person_id text, in_detail jsonb)
returns bigint
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    insert into audit.entry (at, what, why, organisation, person_id, detail)
    values (oh.clock(), in_what, in_why, in_organisation, in_person_id, in_detail)
    returning entry_id
$$;

-- Called by every view of people's data, once a statement (an uncorrelated sub-select is evaluated once, before
-- the first row). Several views in one statement make one entry: the first call's. That it is there is looked up
-- in the entries themselves, which a reader can neither write nor remove.
-- The server's log gets a line as well: an entry goes when the reader rolls back, the line does not.
create function audit.note_read(in_view text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if exists (select from audit.entry e
               where e.xact = pg_current_xact_id() and e.what = 'read'
                 and e.statement_at = statement_timestamp() and e.who = session_user) then
        return true;
    end if;
    perform audit.write('read', null, null, null,
                        jsonb_build_object('view', in_view, 'query', left(current_query(), 1000)));
    raise log 'dayfour: % reads %', session_user, in_view;
    return true;
end $$;

create function audit.purge() returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    n bigint;
begin
    delete from audit.entry e where e.at < oh.now() - (audit.keep_until('epoch') - 'epoch'::timestamptz);
    get diagnostics n = row_count;
    perform audit.write('purge', null, null, null, jsonb_build_object('entries', n));
    return n;
end $$;

create function audit.note_staff() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform audit.write('staff_' || lower(tg_op), null,
                        case when tg_op = 'DELETE' then old.organisation else new.organisation end, null,
                        jsonb_build_object('before', case when tg_op <> 'INSERT' then to_jsonb(old) end,
                                           'after', case when tg_op <> 'DELETE' then to_jsonb(new) end));
    return null;
end $$;

create trigger staff_audit after insert or update or delete on oh.staff
    for each row execute function audit.note_staff();

-- ---- views ----

-- Open tasks, and contacted ones, are looked for in different ways: by due date, and by how long ago they ended.
drop index casework.spell_worklist;
create index spell_open on casework.spell (organisation, queue, due_date) where state = 'open';
create index spell_contacted on casework.spell (organisation, queue, last_day) where state = 'contacted';

-- A task as its readers get it, unaudited: for the views below.
-- How to reach the person: each detail from the live record with the latest onset that has it, so that a number given
-- with an older record is not lost. Details are there only of records that matched or are watched. (Not a function:
-- whoever may read the view could call it, for anybody, unaudited.)
create view oh.task_row as
select s.spell_id as task_id, s.organisation, s.queue, s.pathway, s.priority, s.person_id,
       d.name, d.phone, d.email, d.language, d.preferred_time, d.voicemail,
       s.onset_date, s.due_date, s.work_by_date, s.respond_by,
       s.due_date - (select oh.today()) as days_left,
       s.state, s.end_reason, s.assigned_to, s.attempts, s.last_outcome, s.first_attempt_at, s.contacted_at,
       case when s.contacted_at is not null
                then (s.contacted_at at time zone (select oh.time_zone()))::date <= s.due_date
            when s.end_reason = 'returned_uncontacted' then false
            when s.state = 'open' and s.due_date < (select oh.today()) then false
       end as in_target,
       s.elapsed_days, s.elapsed_working_days,
       s.previous_spell is not null as relapse, s.late_report, s.backdated, s.review_first, s.red_flag,
       s.reason_changed, s.expected_return, s.last_day, s.spell_id, s.period_id, s.absence_ids,
       s.case_closed,
       -- Nobody is to ring those who died, left or opted out. Who left and came back is rung for what came later.
       coalesce(p.died_on is not null
                or p.opted_out and p.opt_on <= (select oh.today())
                or p.left_on < (select oh.today()) and s.onset_date <= p.left_on, false) as not_to_ring
from casework.spell s
left join fact.person p on p.organisation = s.organisation and p.person_id = s.person_id
left join lateral (
    select (array_agg(c.name) filter (where c.name is not null))[1] as name,
           (array_agg(c.phone) filter (where c.phone is not null))[1] as phone,
           (array_agg(c.email) filter (where c.email is not null))[1] as email,
           (array_agg(c.language) filter (where c.language is not null))[1] as language,
           (array_agg(c.preferred_time) filter (where c.preferred_time is not null))[1] as preferred_time,
           (array_agg(c.voicemail) filter (where c.voicemail is not null))[1] as voicemail
    from (select k.name, k.phone, k.email, k.language, k.preferred_time, k.voicemail
          from fact.person_contact k
          join fact.absence a using (organisation, person_id, source, absence_id)
          where k.organisation = s.organisation and k.person_id = s.person_id
            and not a.cancelled and a.onset_date <= (select oh.today())
          order by a.onset_date desc, a.first_notice_at, a.source, a.absence_id) c) d on true;

create view oh.task with (security_barrier) as
select t.task_id, t.organisation, t.queue, t.pathway, t.priority, t.person_id,
       t.name, t.phone, t.email, t.language, t.preferred_time, t.voicemail,
       t.onset_date, t.due_date, t.work_by_date, t.respond_by, t.days_left,
       t.state, t.end_reason, t.assigned_to, t.attempts, t.last_outcome, t.first_attempt_at, t.contacted_at,
       t.in_target, t.elapsed_days, t.elapsed_working_days,
       t.relapse, t.late_report, t.backdated, t.review_first, t.red_flag, t.reason_changed,
       t.expected_return, t.last_day, t.spell_id, t.period_id, t.absence_ids
from oh.task_row t
where (select audit.note_read('oh.task'));

-- What a contacted task is on the worklist for: a follow-up or a review while the spell lasts, a check-in for
-- 28 days; each until the person was contacted again about that pathway.
create view oh.prompt as
select e.organisation, e.person_id, e.spell_id, e.kind, e.occurs_on, e.happens_at
from followup.emitted e
where e.withdrawn_at is null
  and e.kind in ('follow-up.due', 'review.due', 'check-in.due')
  and (e.kind <> 'check-in.due' or e.occurs_on > (select oh.today()) - 28);

create view oh.worklist with (security_barrier) as
select t.task_id, t.organisation, t.queue, t.pathway, t.priority, t.person_id,
       t.name, t.phone, t.email, t.language, t.preferred_time, t.voicemail,
       t.onset_date, t.due_date, t.work_by_date, t.respond_by, t.days_left,
       t.state, t.end_reason, t.assigned_to, t.attempts, t.last_outcome, t.first_attempt_at, t.contacted_at,
       t.in_target, t.elapsed_days, t.elapsed_working_days,
       t.relapse, t.late_report, t.backdated, t.review_first, t.red_flag, t.reason_changed,
       t.expected_return, t.last_day, t.spell_id, t.period_id, t.absence_ids
from oh.task_row t
where (select audit.note_read('oh.worklist'))
  and t.state = 'open'
  and not t.not_to_ring
union all
select t.task_id, t.organisation, t.queue, t.pathway, t.priority, t.person_id,
       t.name, t.phone, t.email, t.language, t.preferred_time, t.voicemail,
       t.onset_date, t.due_date, t.work_by_date, t.respond_by, t.days_left,
       t.state, t.end_reason, t.assigned_to, t.attempts, t.last_outcome, t.first_attempt_at, t.contacted_at,
       t.in_target, t.elapsed_days, t.elapsed_working_days,
       t.relapse, t.late_report, t.backdated, t.review_first, t.red_flag, t.reason_changed,
       t.expected_return, t.last_day, t.spell_id, t.period_id, t.absence_ids
from oh.task_row t
where (select audit.note_read('oh.worklist'))
  and t.state = 'contacted'
  and not t.case_closed
  -- A check-in comes within 10 working days and 28 days of the return, and stays for 28 more. (The end that says
  -- nothing tells the planner how few these are.)
  and (t.last_day is null
       or t.last_day >= (select oh.today()) - 100 and t.last_day < (select oh.today()) + 100000)
  -- One probe of an index a task; as a join it would read all prompts of the organisation.
  and (select true from oh.prompt m
       where m.organisation = t.organisation and m.spell_id = t.spell_id
         and (m.kind = 'check-in.due' or t.last_day is null or t.last_day >= (select oh.today()))
         and not exists (select from fact.contact c
                         where c.organisation = m.organisation and c.person_id = m.person_id
                           and c.pathway = t.pathway and c.kind = 1 and c.retracted_at is null
                           and c.at >= m.happens_at)
       limit 1)
  and not t.not_to_ring;

create view oh.spell with (security_barrier) as
select s.spell_id, s.period_id, s.organisation, s.person_id, s.pathway, s.onset_date, s.last_day,
       case when s.tombstone then 'ended'
            when s.last_day < (select oh.today()) then 'closed'
            else 'open'
       end as state,
       s.previous_spell is not null as relapse, s.previous_spell, s.absence_ids
from casework.spell s
where (select audit.note_read('oh.spell'));

-- One row an emission. Those of a spell are for its queue, a missing reason for every clinician of the
-- organisation, the rest for its administrators.
create view oh.event with (security_barrier) as
select e.subject || '/' || e.kind || '/' || e.occurrence || case when e.nth > 1 then '/' || e.nth else '' end
           as event_id,
       e.topic, e.subject, e.kind, e.occurrence, e.organisation, e.person_id,
       e.spell_id, e.period_id, e.occurs_on, e.due_on, e.late, e.late_report, e.backdated,
       e.emitted_at, e.withdrawn_at
from followup.emitted e
where (select audit.note_read('oh.event'))
  and e.organisation = any ((select oh.my_organisations())::text[])
  and e.person_id <> ''
  and (e.kind = 'reason.missing'
       or e.organisation = any ((select oh.led_organisations())::text[])
       or (select true from casework.spell s where s.spell_id = e.spell_id))
union all
select e.subject || '/' || e.kind || '/' || e.occurrence || case when e.nth > 1 then '/' || e.nth else '' end,
       e.topic, e.subject, e.kind, e.occurrence, e.organisation, nullif(e.person_id, ''),
       e.spell_id, e.period_id, e.occurs_on, e.due_on, e.late, e.late_report, e.backdated,
       e.emitted_at, e.withdrawn_at
from followup.emitted e
where (select audit.note_read('oh.event'))
  and e.organisation = any ((select oh.led_organisations())::text[])
  and e.person_id = '';

-- What was entered, with the task it counts for now, unaudited. As in doc/rules.md: the spell of the pathway
-- that holds the anchor of then, else the earliest that holds one of those records, else the one that covers the
-- date; spells that no longer stand only where no other does.
create view oh.entry_row as
select c.entry_id, s.spell_id as task_id, s.organisation, s.person_id, c.kind as kind_no,
       (array['attempt', 'contact', 'claim', 'release', 'assign', 'close', 'reopen'])[c.kind + 1] as kind,
       (array['no_answer', 'voicemail', 'wrong_number', 'call_back', 'fast_track_treatment',
              'self_management_advice', 'onward_referral', 'no_action_needed', 'declined', 'recovered',
              'referred', 'other'])[c.outcome] as outcome,
       c.at, c.entered_at, c.by, c.assignee, c.review_on, c.red_flag, c.retracted_at, c.retracted_why
from casework.spell s
join fact.contact c on c.organisation = s.organisation and c.person_id = s.person_id and c.pathway = s.pathway
where s.spell_id = (
    select x.spell_id
    from casework.spell x
    cross join lateral (
        select case when exists (select from unnest(x.record_sources, x.record_ids) r(src, id)
                                 where r.src = c.anchor_source and r.id = c.anchor_absence_id) then 1
                    when exists (select from unnest(x.record_sources, x.record_ids) r(src, id)
                                 join unnest(c.record_sources, c.record_ids) o(src, id)
                                   on o.src = r.src and o.id = r.id) then 2
                    when x.onset_date <= d.day and (x.last_day is null or x.last_day >= d.day) then 3
                    else 4
               end as rank
        from (select (c.at at time zone (select oh.time_zone()))::date as day) d
    ) k
    where x.organisation = c.organisation and x.person_id = c.person_id and x.pathway = c.pathway
    order by k.rank = 4, x.tombstone, k.rank, x.onset_date, x.spell_id
    limit 1);

create view oh.entry with (security_barrier) as
select r.entry_id, r.task_id, r.kind, r.outcome, r.at, r.by, r.retracted_at, r.assignee, r.review_on, r.red_flag,
       r.entered_at, r.retracted_why
from oh.entry_row r
where (select audit.note_read('oh.entry'));

-- What HR said about a spell: its records as they now stand, when each was first heard of and when it last changed.
-- The code is for those who work on the pathway it belongs to: whoever has contacted somebody keeps the spell though
-- its reason turns out to be another's, and is not told which.
create view oh.record with (security_barrier) as
select s.spell_id as task_id, s.organisation, s.person_id, a.absence_id, a.version, a.first_notice_at, a.changed_at,
       a.first_onset_date, a.onset_date, a.last_day, a.open_ended, a.expected_return, a.fit_note_from, a.fit_note_to,
       a.phased_return_from, a.cancelled,
       case when t.told then (array['esr', 'icd10', 'snomed', 'text'])[a.scheme] end as scheme,
       case when t.told then a.code end as code
from casework.spell s
cross join lateral unnest(s.record_sources, s.record_ids) r(src, id)
join fact.absence a on a.organisation = s.organisation and a.person_id = s.person_id
    and a.source = r.src and a.absence_id = r.id
cross join lateral (select a.match = 1 and not s.reason_changed and not s.tombstone as told) t
where (select audit.note_read('oh.record'));

-- ---- functions ----

create function oh.refuse(in_state text, in_message text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    raise exception '%', in_message using errcode = in_state;
end $$;

-- The task, with its person locked, so that what the caller decides on stays true until the commit.
create function oh.lock_task(in_task text) returns casework.spell
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
    s casework.spell;
begin
    select x.* into s from casework.spell x where x.spell_id = in_task;
    if not found or not oh.sees(s.organisation, s.queue) then
        perform oh.refuse('OH001', 'no such task for you');
    end if;
    perform from fact.person p where p.organisation = s.organisation and p.person_id = s.person_id for update;
    select x.* into s from casework.spell x where x.spell_id = in_task;
    if not found or not oh.sees(s.organisation, s.queue) then
        perform oh.refuse('OH001', 'no such task for you');
    end if;
    return s;
end $$;

-- A fact about the person has changed: their case is derived anew, at once.
create function oh.wake(in_organisation text, in_person_id text, in_contacts int) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
    update fact.person p
    set revision = p.revision + 1, contacts = p.contacts + in_contacts,
        next_wake_at = least(p.next_wake_at, oh.clock())
    where p.organisation = in_organisation and p.person_id = in_person_id;
    perform pg_notify('dayfour_wake', '');
end $$;

-- Writes down what the caller did about a task that lock_task() gave, with the records the spell has now.
create function oh.enter(s casework.spell, in_kind int, in_outcome int, in_at timestamptz, in_assignee text,
                         in_review_on date, in_red_flag boolean)
returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
    entry bigint;
    entered timestamptz := oh.clock();
begin
    insert into fact.contact (organisation, person_id, pathway, kind, at, entered_at, by, assignee, outcome,
                              review_on, red_flag, anchor_source, anchor_absence_id,
                              record_sources, record_ids, record_codes)
    select s.organisation, s.person_id, s.pathway, in_kind, coalesce(in_at, entered), entered, session_user,
           in_assignee, in_outcome, in_review_on, in_red_flag, s.anchor_source, s.anchor_absence_id,
           s.record_sources, s.record_ids,
           array(select coalesce(a.code, '') from unnest(s.record_sources, s.record_ids) with ordinality r(src, id, n)
                 left join fact.absence a on a.organisation = s.organisation and a.person_id = s.person_id
                     and a.source = r.src and a.absence_id = r.id and a.match = 1
                 order by r.n)
    returning entry_id into entry;
    perform oh.wake(s.organisation, s.person_id, 1);
    return entry;
end $$;

-- Who a task belongs to by what has been entered; null: to nobody. Its derived column may be behind.
create function oh.holder(in_task text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
    select r.assignee from oh.entry_row r
    where r.task_id = in_task and r.kind_no in (2, 3, 4) and r.retracted_at is null
    order by r.at desc, r.entry_id desc limit 1
$$;

create function oh.claim(task_id text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    s casework.spell := oh.lock_task(claim.task_id);
    held_by text := oh.holder(claim.task_id);
begin
    if s.state = 'ended' then
        perform oh.refuse('OH002', 'the task has ended');
    end if;
    if held_by <> session_user then
        perform oh.refuse('OH003', 'claimed by another');
    end if;
    if held_by is null then
        perform oh.enter(s, 2, 0, null, session_user, null, false);
    end if;
    perform audit.write('claim', null, s.organisation, s.person_id, jsonb_build_object('task_id', s.spell_id));
end $$;

create function oh.release(task_id text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    s casework.spell := oh.lock_task(release.task_id);
    held_by text := oh.holder(release.task_id);
begin
    if s.tombstone or held_by is null then
        perform oh.refuse('OH002', 'nobody has claimed the task');
    end if;
    if held_by <> session_user and not oh.leads(s.organisation) then
        perform oh.refuse('OH003', 'claimed by another');
    end if;
    perform oh.enter(s, 3, 0, null, null, null, false);
    perform audit.write('release', null, s.organisation, s.person_id, jsonb_build_object('task_id', s.spell_id));
end $$;

-- Whether the caller is an administrator of the organisation.
create function oh.leads(in_organisation text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
    select exists (select from oh.sight v where v.organisation = in_organisation and v.every_queue)
$$;

create function oh.assign(task_id text, login text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    s casework.spell := oh.lock_task(assign.task_id);
    held_by text := oh.holder(assign.task_id);
begin
    if s.state = 'ended' then
        perform oh.refuse('OH002', 'the task has ended');
    end if;
    if held_by <> session_user and not oh.leads(s.organisation) then
        perform oh.refuse('OH003', 'claimed by another');
    end if;
    if not exists (select from oh.staff t
                   where t.login = assign.login and t.organisation = s.organisation
                     and (s.queue = any (t.queues)
                          or exists (select from pg_roles r where r.rolname = t.login
                                     and pg_has_role(r.oid, 'dayfour_oh_admin', 'member')))) then
        perform oh.refuse('22023', 'that login does not work on the queue of this task');
    end if;
    if held_by is distinct from assign.login then
        perform oh.enter(s, 4, 0, null, assign.login, null, false);
    end if;
    perform audit.write('assign', null, s.organisation, s.person_id,
                        jsonb_build_object('task_id', s.spell_id, 'login', assign.login));
end $$;

-- The number of an outcome within the names allowed, as common/casework/facts.h counts them.
create function oh.outcome_no(in_outcome text, in_first int, in_names text[]) returns int
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    n int := array_position(in_names, in_outcome);
begin
    if n is null then
        perform oh.refuse('22023', 'the outcome is none of ' || array_to_string(in_names, ', '));
    end if;
    return in_first + n - 1;
end $$;

create function oh.check_at(s casework.spell, in_at timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
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
end $$;

create function oh.record_attempt(task_id text, outcome text, at timestamptz default oh.now()) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    s casework.spell := oh.lock_task(record_attempt.task_id);
    n int := oh.outcome_no(record_attempt.outcome, 1,
                           array['no_answer', 'voicemail', 'wrong_number', 'call_back']);
begin
    perform oh.check_at(s, record_attempt.at);
    perform audit.write('attempt', null, s.organisation, s.person_id,
                        jsonb_build_object('task_id', s.spell_id, 'entry_id',
                            oh.enter(s, 0, n, record_attempt.at, null, null, false)));
end $$;

create function oh.record_contact(task_id text, outcome text, at timestamptz default oh.now(),
                                  review_on date default null, red_flag boolean default false)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    s casework.spell := oh.lock_task(record_contact.task_id);
    n int := oh.outcome_no(record_contact.outcome, 5,
                           array['fast_track_treatment', 'self_management_advice', 'onward_referral',
                                 'no_action_needed', 'declined']);
begin
    perform oh.check_at(s, record_contact.at);
    if record_contact.review_on < (record_contact.at at time zone oh.time_zone())::date
       or record_contact.review_on > date '2200-12-31' then
        perform oh.refuse('22023', 'the review is before the contact or out of range');
    end if;
    perform audit.write('contact', null, s.organisation, s.person_id,
                        jsonb_build_object('task_id', s.spell_id, 'entry_id',
                            oh.enter(s, 1, n, record_contact.at, null, record_contact.review_on,
                                     coalesce(record_contact.red_flag, false))));
end $$;

-- Whether the case is closed by what has been entered.
create function oh.is_closed(in_task text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
    select coalesce((select r.kind_no = 5 from oh.entry_row r
                     where r.task_id = in_task and r.kind_no in (5, 6) and r.retracted_at is null
                     order by r.at desc, r.entry_id desc limit 1), false)
$$;

create function oh.close_case(spell_id text, reason text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    s casework.spell := oh.lock_task(close_case.spell_id);
    n int := (array[10, 11, 9, 12])[oh.outcome_no(close_case.reason, 1,
                                                  array['recovered', 'referred', 'declined', 'other'])];
begin
    if s.tombstone or oh.is_closed(s.spell_id) then
        perform oh.refuse('OH002', 'the case is closed, or no longer stands');
    end if;
    perform oh.enter(s, 5, n, null, null, null, false);
    perform audit.write('close', close_case.reason, s.organisation, s.person_id,
                        jsonb_build_object('spell_id', s.spell_id));
end $$;

create function oh.reopen_case(spell_id text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    s casework.spell := oh.lock_task(reopen_case.spell_id);
begin
    if s.tombstone or not oh.is_closed(s.spell_id) then
        perform oh.refuse('OH002', 'the case is not closed');
    end if;
    perform oh.enter(s, 6, 0, null, null, null, false);
    perform audit.write('reopen', null, s.organisation, s.person_id, jsonb_build_object('spell_id', s.spell_id));
end $$;

-- Opting out counts from today, before any absence too; a repeat changes nothing, so that it does not move the
-- day from which it has been in force.
create function oh.opt(in_organisation text, in_person_id text, in_out boolean) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
    p fact.person;
    entry bigint;
    what text := case when in_out then 'opt_out' else 'opt_in' end;
begin
    if not exists (select from oh.sight v where v.organisation = in_organisation) then
        perform oh.refuse('OH001', 'no such organisation for you');
    end if;
    if in_person_id is null or octet_length(in_person_id) not between 1 and 100 then
        perform oh.refuse('22023', 'a person has 1 to 100 bytes');
    end if;
    insert into fact.person (organisation, person_id, revision) values (in_organisation, in_person_id, 1)
        on conflict do nothing;
    select x.* into p from fact.person x
        where x.organisation = in_organisation and x.person_id = in_person_id for update;
    entry := audit.write(what, null, in_organisation, in_person_id, null);
    if coalesce(p.opted_out, false) = in_out and (not in_out or p.opt_on <= oh.today()) then
        return;
    end if;
    -- The latest counts by its time, and this is the latest.
    update fact.person x
    set opt_on = oh.today(), opted_out = in_out, opt_id = 'oh:' || entry, changed_at = oh.clock(),
        opt_time = greatest(oh.clock(), p.opt_time + interval '1 microsecond')
    where x.organisation = in_organisation and x.person_id = in_person_id;
    perform oh.wake(in_organisation, in_person_id, 0);
end $$;

create function oh.opt_out(organisation text, person_id text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    select oh.opt(organisation, person_id, true)
$$;

create function oh.opt_in(organisation text, person_id text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    select oh.opt(organisation, person_id, false)
$$;

-- An entry made by mistake: the facts are as if it had never been, but it stays to be seen.
create function oh.retract(entry_id bigint, why text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    task text := (select r.task_id from oh.entry_row r where r.entry_id = retract.entry_id);
    s casework.spell;
begin
    if task is null then
        perform oh.refuse('OH001', 'no such entry for you');
    end if;
    if coalesce(btrim(why), '') = '' or octet_length(why) > 1000 then
        perform oh.refuse('22023', 'say why, in at most 1000 bytes');
    end if;
    s := oh.lock_task(task);
    update fact.contact c
    set retracted_at = oh.clock(), retracted_by = session_user, retracted_why = retract.why
    where c.entry_id = retract.entry_id and c.retracted_at is null;
    if not found then
        perform oh.refuse('OH002', 'retracted already');
    end if;
    perform oh.wake(s.organisation, s.person_id, 0);
    perform audit.write('retract', retract.why, s.organisation, s.person_id,
                        jsonb_build_object('task_id', s.spell_id, 'entry_id', retract.entry_id));
end $$;
