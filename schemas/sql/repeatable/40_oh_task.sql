-- Tasks and the worklist. oh.task_row and oh.worklist_row are unaudited and have no reader; oh.task and oh.worklist are
-- what logins read. New columns go to the end: `create or replace view` allows nothing else.

grant create on schema oh to dayfour_oh_owner;
set local role dayfour_oh_owner;

-- Why a contacted task is on the worklist: a follow-up, a review, or for 28 days a check-in.
create or replace view oh.prompt as
select e.organisation, e.person_id, e.spell_id, e.kind, e.occurs_on, e.happens_at
from followup.emitted e
where e.withdrawn_at is null
  and e.kind in ('follow-up.due', 'review.due', 'check-in.due')
  and (e.kind <> 'check-in.due' or e.occurs_on > (select oh.today()) - 28);

-- A task with everything that its readers see, unaudited: for the views and functions below. It is a view, because a
-- login that may read a view could call a function in it for any person, unaudited.
create or replace view oh.task_row as
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
       -- People who died, left or opted out are not called. People who left and came back are called for later
       -- absences.
       b.is_dead or b.is_barred as not_to_ring,
       s.known_at, s.reason_late, s.call_back_at, s.red_flag_open, s.unreachable,
       case when s.assigned_to is not null
                then coalesce((select x.display_name from oh.staff x
                               where x.login = s.assigned_to and x.organisation = s.organisation), s.assigned_to)
       end as assigned_name,
       s.oh_record, s.close_reason, b.is_dead, pr.prompt_on, a.act_by,
       a.act_by - (select oh.today()) as act_in_days,
       d.site, d.staff_group, d.job, d.channel, d.needs, d.date_of_birth, g.display_reason
from casework.spell s
left join fact.person p on p.organisation = s.organisation and p.person_id = s.person_id
left join lateral (
    select x.opted_out, x.opt_on, x.opt_time, x.opt_id from fact.opting x
    where x.organisation = s.organisation and x.person_id = s.person_id
    order by x.opt_time desc, x.opt_id desc limit 1) o on true
cross join lateral (
    select p.died_on is not null as is_dead,
           coalesce(case when o.opt_time is not null
                              and (p.opt_time is null or (o.opt_time, o.opt_id) > (p.opt_time, p.opt_id))
                         then o.opted_out and o.opt_on <= (select oh.today())
                         else p.opted_out and p.opt_on <= (select oh.today())
                    end
                    or p.left_on < (select oh.today()) and s.onset_date <= p.left_on, false) as is_barred) b
-- Each detail comes from the live record with the latest onset that has it, so that a number in an older record is not
-- lost. Only records that matched or are watched have details.
left join lateral (
    select (array_agg(c.name) filter (where c.name is not null))[1] as name,
           (array_agg(c.phone) filter (where c.phone is not null))[1] as phone,
           (array_agg(c.email) filter (where c.email is not null))[1] as email,
           (array_agg(c.language) filter (where c.language is not null))[1] as language,
           (array_agg(c.preferred_time) filter (where c.preferred_time is not null))[1] as preferred_time,
           (array_agg(c.voicemail) filter (where c.voicemail is not null))[1] as voicemail,
           (array_agg(c.channel) filter (where c.channel is not null))[1] as channel,
           (array_agg(c.needs) filter (where c.needs is not null))[1] as needs,
           (array_agg(c.date_of_birth) filter (where c.date_of_birth is not null))[1] as date_of_birth,
           (array_agg(c.job) filter (where c.job is not null))[1] as job,
           (array_agg(c.site) filter (where c.site is not null))[1] as site,
           (array_agg(c.staff_group) filter (where c.staff_group is not null))[1] as staff_group
    from (select k.name, k.phone, k.email, k.language, k.preferred_time, k.voicemail, k.channel, k.needs,
                 k.date_of_birth, k.job, a.site, a.staff_group
          from fact.absence a
          left join fact.person_contact k using (organisation, person_id, source, absence_id)
          where a.organisation = s.organisation and a.person_id = s.person_id
            and not a.cancelled and a.onset_date <= (select oh.today())
          order by a.onset_date desc, a.first_notice_at, a.source, a.absence_id) c) d on true
-- The first day on which a contacted task is on the worklist. A follow-up or review counts while the spell lasts, a
-- check-in for 28 days. Each counts until a later contact or closing. This costs one probe of an index for each task.
cross join lateral (
    select min(m.occurs_on) as prompt_on
    from oh.prompt m
    where s.state = 'contacted' and m.organisation = s.organisation and m.spell_id = s.spell_id
      and (m.kind = 'check-in.due' or s.last_day is null or s.last_day >= (select oh.today()))
      and (not s.case_closed or s.closed_at < m.happens_at)
      and not exists (select from fact.contact c
                      where c.organisation = m.organisation and c.person_id = m.person_id
                        and c.pathway = s.pathway and c.kind = 1 and c.retracted_at is null
                        and c.at >= m.happens_at
                        and not exists (select from fact.retraction r where r.entry_id = c.entry_id))) pr
cross join lateral (
    select case s.state
               when 'open' then coalesce((s.call_back_at at time zone (select oh.time_zone()))::date,
                                         s.respond_by, s.work_by_date, s.due_date)
               when 'contacted' then least((s.call_back_at at time zone (select oh.time_zone()))::date,
                                           case when s.red_flag_open then (select oh.today()) end, pr.prompt_on)
               else case when s.red_flag_open then (select oh.today()) end
           end as act_by) a
-- The reason in words, from the latest record of the spell that has one. As in oh.record it is left out if the reason
-- may concern another queue by now.
left join lateral (
    select coalesce((select x.reason_titles from fact.settings x order by x.serial desc limit 1)
                        -> (array['esr', 'icd10', 'snomed', 'text'])[r.scheme] ->> r.code, r.code) as display_reason
    from unnest(s.record_sources, s.record_ids) m(src, id)
    join fact.absence r on r.organisation = s.organisation and r.person_id = s.person_id
        and r.source = m.src and r.absence_id = m.id
    where r.match = 1 and not s.reason_changed and not s.tombstone
    order by r.onset_date desc, r.source, r.absence_id
    limit 1) g on true;

create or replace view oh.task with (security_barrier) as
select t.task_id, t.organisation, t.queue, t.pathway, t.priority, t.person_id,
       t.name, t.phone, t.email, t.language, t.preferred_time, t.voicemail,
       t.onset_date, t.due_date, t.work_by_date, t.respond_by, t.days_left,
       t.state, t.end_reason, t.assigned_to, t.attempts, t.last_outcome, t.first_attempt_at, t.contacted_at,
       t.in_target, t.elapsed_days, t.elapsed_working_days,
       t.relapse, t.late_report, t.backdated, t.review_first, t.red_flag, t.reason_changed,
       t.expected_return, t.last_day, t.spell_id, t.period_id, t.absence_ids,
       t.act_by, t.act_in_days, t.known_at, t.reason_late, t.call_back_at, t.red_flag_open, t.unreachable,
       t.assigned_name, t.oh_record,
       t.site, t.staff_group, t.job, t.channel, t.needs, t.date_of_birth, t.display_reason
from oh.task_row t
where (select audit.note_read('oh.task'))
  and audit.note_person('oh.task', (select oh.now()), (select oh.day_began()), t.organisation, t.person_id,
                        t.name is null, t.not_to_ring);
grant select on oh.task to dayfour_clinician, dayfour_oh_admin;

-- The worklist, unaudited: tasks that may be on it, and whether they are. Each part uses an index of its own. The parts
-- are open tasks, other tasks with an open red flag or promise, and contacted tasks that are due for another look.
create or replace view oh.worklist_row as
select not t.case_closed and not t.not_to_ring as is_listed, t.*
from oh.task_row t
where t.state = 'open'
union all
select not t.is_dead and (t.red_flag_open or t.state = 'contacted' and not t.not_to_ring), t.*
from oh.task_row t
where t.state <> 'open' and (t.red_flag_open or t.call_back_at is not null)
union all
select t.prompt_on is not null and not t.not_to_ring, t.*
from oh.task_row t
where t.state = 'contacted' and not t.red_flag_open and t.call_back_at is null
  and (t.last_day is null
       -- A check-in comes within 28 days of the return, and stays for 28 more. The upper bound excludes nothing: by it
       -- the planner knows how few rows these are.
       or t.last_day >= (select oh.today()) - 100 and t.last_day < (select oh.today()) + 100000);

create or replace view oh.worklist with (security_barrier) as
select t.task_id, t.organisation, t.queue, t.pathway, t.priority, t.person_id,
       t.name, t.phone, t.email, t.language, t.preferred_time, t.voicemail,
       t.onset_date, t.due_date, t.work_by_date, t.respond_by, t.days_left,
       t.state, t.end_reason, t.assigned_to, t.attempts, t.last_outcome, t.first_attempt_at, t.contacted_at,
       t.in_target, t.elapsed_days, t.elapsed_working_days,
       t.relapse, t.late_report, t.backdated, t.review_first, t.red_flag, t.reason_changed,
       t.expected_return, t.last_day, t.spell_id, t.period_id, t.absence_ids,
       t.act_by, t.act_in_days, t.known_at, t.reason_late, t.call_back_at, t.red_flag_open, t.unreachable,
       t.assigned_name, t.oh_record,
       t.site, t.staff_group, t.job, t.channel, t.needs, t.date_of_birth, t.display_reason
from oh.worklist_row t
where (select audit.note_read('oh.worklist'))
  -- `case` is evaluated in this order: a person who is not on the list is not noted as read about.
  and case when t.is_listed
           then audit.note_person('oh.worklist', (select oh.now()), (select oh.day_began()), t.organisation,
                                  t.person_id, t.name is null)
      end;
grant select on oh.worklist to dayfour_clinician, dayfour_oh_admin;

reset role;

revoke create on schema oh from dayfour_oh_owner;
revoke all on all functions in schema oh from public;
