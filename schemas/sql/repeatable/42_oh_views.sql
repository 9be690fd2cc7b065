-- Views of cases beside the task: spells, events, entries, records, missing reasons, and how fresh HR's data is.

grant create on schema oh to dayfour_oh_owner;
set local role dayfour_oh_owner;

-- Spells.
create or replace view oh.spell with (security_barrier) as
select s.spell_id, s.period_id, s.organisation, s.person_id, s.pathway, s.onset_date, s.last_day,
       case when s.tombstone then 'ended'
            when s.last_day < (select oh.today()) then 'closed'
            else 'open'
       end as state,
       s.previous_spell is not null as relapse, s.previous_spell, s.absence_ids
from casework.spell s
where (select audit.note_read('oh.spell'))
  and audit.note_person('oh.spell', (select oh.now()), (select oh.day_began()), s.organisation, s.person_id, false);
grant select on oh.spell to dayfour_clinician, dayfour_oh_admin;

-- A row for each emission. Its queue sees the events of a spell, every clinician of the organisation sees missing
-- reasons, and its administrators see the rest.
create or replace view oh.event with (security_barrier) as
select e.subject || '/' || e.kind || '/' || e.occurrence || case when e.nth > 1 then '/' || e.nth else '' end
           as event_id,
       e.topic, e.subject, e.kind, e.occurrence, e.organisation, e.person_id,
       e.spell_id, e.period_id, e.occurs_on, e.due_on, e.late, e.late_report, e.backdated,
       e.emitted_at, e.withdrawn_at
from followup.emitted e
where (select audit.note_read('oh.event'))
  and e.organisation = any ((select oh.my_organisations())::text[])
  and e.person_id <> ''
  and case when e.kind = 'reason.missing'
                or e.organisation = any ((select oh.led_organisations())::text[])
                or (select true from casework.spell s where s.spell_id = e.spell_id)
           then audit.note_person('oh.event', (select oh.now()), (select oh.day_began()), e.organisation, e.person_id,
                                  false)
      end
union all
select e.subject || '/' || e.kind || '/' || e.occurrence || case when e.nth > 1 then '/' || e.nth else '' end,
       e.topic, e.subject, e.kind, e.occurrence, e.organisation, nullif(e.person_id, ''),
       e.spell_id, e.period_id, e.occurs_on, e.due_on, e.late, e.late_report, e.backdated,
       e.emitted_at, e.withdrawn_at
from followup.emitted e
where (select audit.note_read('oh.event'))
  and e.organisation = any ((select oh.led_organisations())::text[])
  and e.person_id = '';
grant select on oh.event to dayfour_clinician, dayfour_oh_admin;

-- Entries with the task for which they count now, unaudited. The rule is in doc/rules.md. An entry counts for the spell of
-- its pathway with its anchor. Else it counts for the earliest with one of its records, else for the one that covers the
-- date. Tombstones count only if no other spell does.
create or replace view oh.entry_row as
select c.entry_id, s.spell_id as task_id, s.organisation, s.person_id, c.kind as kind_no,
       (array['attempt', 'contact', 'claim', 'release', 'assign', 'close', 'reopen', 'acknowledge',
              'oh_record'])[c.kind + 1] as kind,
       (array['no_answer', 'voicemail', 'wrong_number', 'call_back', 'fast_track_treatment',
              'self_management_advice', 'onward_referral', 'no_action_needed', 'declined', 'recovered',
              'referred', 'other', 'busy', 'message_with_other', 'text_sent', 'email_sent', 'letter_sent',
              'already_in_care', 'urgent_care_advised', 'unable_to_contact'])[c.outcome] as outcome,
       c.at, c.entered_at, c.by, c.assignee,
       case when c.no_follow_up then date 'infinity' else c.review_on end as review_on,
       c.red_flag,
       coalesce(c.retracted_at, t.at) as retracted_at, coalesce(c.retracted_why, t.why) as retracted_why,
       c.call_back_at,
       case when c.kind in (0, 1)
                then (array['phone', 'video', 'in_person', 'text', 'email', 'letter'])[greatest(c.channel, 1)]
       end as channel,
       c.work_related, c.work_ability, c.likely_return, c.service, c.oh_record
from casework.spell s
join fact.contact c on c.organisation = s.organisation and c.person_id = s.person_id and c.pathway = s.pathway
left join fact.retraction t on t.entry_id = c.entry_id
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

-- Entries.
create or replace view oh.entry with (security_barrier) as
select r.entry_id, r.task_id, r.kind, r.outcome, r.at, r.by, r.retracted_at, r.assignee, r.review_on, r.red_flag,
       r.entered_at, r.retracted_why, r.call_back_at, r.channel, r.work_related, r.work_ability, r.likely_return,
       r.service, r.oh_record
from oh.entry_row r
where (select audit.note_read('oh.entry'))
  and audit.note_person('oh.entry', (select oh.now()), (select oh.day_began()), r.organisation, r.person_id,
                        r.red_flag);
grant select on oh.entry to dayfour_clinician, dayfour_oh_admin;

-- More columns of a task, for lists and cases; unaudited.
create or replace view oh.task_extra as
select s.spell_id as task_id,
       case when s.state = 'open' and greatest(s.due_date, s.respond_by) < (select oh.today())
            then (select oh.today()) - greatest(s.due_date, s.respond_by)
       end as days_overdue,
       case when s.state <> 'open' then null
            when s.late_report then 'reported_late'
            when s.reason_late then 'reason_late'
            -- HR moved the start to an earlier day, for which the call was due already.
            when s.backdated and exists (
                     select from unnest(s.record_sources, s.record_ids) r(src, id)
                     join fact.absence a on a.organisation = s.organisation and a.person_id = s.person_id
                         and a.source = r.src and a.absence_id = r.id
                     where a.first_onset_date > a.onset_date
                       and (a.changed_at at time zone (select oh.time_zone()))::date > s.due_date) then 'start_moved'
       end as overdue_why,
       (select max(a.changed_at) from unnest(s.record_sources, s.record_ids) r(src, id)
        join fact.absence a on a.organisation = s.organisation and a.person_id = s.person_id
            and a.source = r.src and a.absence_id = r.id) as changed_at,
       t.last_attempt_at, t.tried
from casework.spell s
cross join lateral (
    select max(e.at) as last_attempt_at,
           string_agg(to_char(e.at at time zone (select oh.time_zone()), 'Dy FMDD HH24:MI'), ', '
                      order by e.at, e.entry_id) as tried
    from oh.entry_row e
    where s.attempts > 0 and e.task_id = s.spell_id and e.kind_no = 0 and e.retracted_at is null) t;

-- HR's records of a spell: their newest version, the first notice, and when they last changed. Only the pathway that a
-- code belongs to sees it. A clinician who has contacted a person keeps the spell even if the reason later turns out to
-- be another pathway's. The view does not show that reason.
create or replace view oh.record with (security_barrier) as
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
where (select audit.note_read('oh.record'))
  and audit.note_person('oh.record', (select oh.now()), (select oh.day_began()), s.organisation, s.person_id,
                        a.cancelled, r.id is null);
grant select on oh.record to dayfour_clinician, dayfour_oh_admin;

-- People with an open absence and no reason that matches, for every clinician of the organisation.
create or replace view oh.missing_reason with (security_barrier) as
select p.organisation, p.person_id, d.name, d.phone, p.no_reason_since as onset_date,
       (select oh.today()) - p.no_reason_since + 1 as days_off, a.absence_ids
from fact.person p
cross join lateral (
    select array_agg(distinct x.absence_id order by x.absence_id) as absence_ids
    from fact.absence x
    where x.organisation = p.organisation and x.person_id = p.person_id and not x.cancelled
      and x.onset_date between p.no_reason_since and (select oh.today())) a
left join lateral (
    select (array_agg(c.name) filter (where c.name is not null))[1] as name,
           (array_agg(c.phone) filter (where c.phone is not null))[1] as phone
    from (select k.name, k.phone
          from fact.person_contact k
          join fact.absence x using (organisation, person_id, source, absence_id)
          where k.organisation = p.organisation and k.person_id = p.person_id
            and not x.cancelled and x.onset_date <= (select oh.today())
          order by x.onset_date desc, x.first_notice_at, x.source, x.absence_id) c) d on true
where (select audit.note_read('oh.missing_reason'))
  and p.no_reason_since is not null
  and case when p.died_on is null and (p.left_on is null or p.left_on >= (select oh.today()))
                and a.absence_ids is not null
           then audit.note_person('oh.missing_reason', (select oh.now()), (select oh.day_began()), p.organisation,
                                  p.person_id, d.name is null)
      end;
grant select on oh.missing_reason to dayfour_clinician, dayfour_oh_admin;

-- A row for each source that ever sent. as_of and records are from its newest heartbeat; null: it sends none.
-- received_at: its last valid message. held: `dayfour feed` holds a file of the source, until the next one is taken. The
-- view names no person.
create or replace view oh.freshness with (security_barrier) as
select x.organisation, x.source, max(x.as_of) as as_of, max(x.received_at) as received_at, max(x.records) as records,
       exists (select from feed.held f where f.source = x.source) as held
from (select s.organisation, s.source, null::timestamptz as as_of, s.last_valid_at as received_at,
             null::bigint as records
      from intake.sender s
      union all
      select h.organisation, h.source, h.as_of, h.received_at, h.records from intake.heartbeat h) x
where x.organisation = any ((select oh.my_organisations())::text[])
group by x.organisation, x.source;
grant select on oh.freshness to dayfour_clinician, dayfour_oh_admin;

reset role;

revoke create on schema oh from dayfour_oh_owner;
revoke all on all functions in schema oh from public;
