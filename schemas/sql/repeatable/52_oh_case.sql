-- A case: its opening, history and other cases of the person. OH001: no such case, or not the login's.

grant create on schema oh to dayfour_oh_owner;
set local role dayfour_oh_owner;

-- The spell of a case that the login may see, else OH001.
create or replace function oh.seen_case(in_task text) returns casework.spell
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    s casework.spell;
begin
    select x.* into s from casework.spell x where x.spell_id = in_task;
    if not found or not oh.sees(s.organisation, s.queue) then
        perform oh.refuse('OH001', 'no such task for you');
    end if;
    return s;
end $$;

-- HR's facts about a case and the entries of other logins, as text for a digest.
create or replace function oh.case_facts(s casework.spell) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
    select concat_ws(E'\x1f', s.queue, s.tombstone, p.left_on, p.died_on,
               (select string_agg(concat_ws(' ', a.source, a.absence_id, a.version, a.cancelled), E'\x1e'
                                  order by a.source, a.absence_id)
                from unnest(s.record_sources, s.record_ids) r(src, id)
                join fact.absence a on a.organisation = s.organisation and a.person_id = s.person_id
                    and a.source = r.src and a.absence_id = r.id),
               (select string_agg(concat_ws(' ', e.entry_id, e.retracted_at is not null), ',' order by e.entry_id)
                from oh.entry_row e where e.task_id = s.spell_id and e.by <> session_user))
    from (select s.organisation as o, s.person_id as i) k
    left join fact.person p on p.organisation = k.o and p.person_id = k.i
$$;

-- A digest of HR's facts and the entries of other logins: a form compares it with the digest of the case it showed. Not
-- audited.
create or replace function oh.case_digest(task_id text) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select encode(sha256(convert_to(oh.case_facts(oh.seen_case($1)), 'UTF8')), 'hex')
$$;
grant execute on function oh.case_digest(text) to dayfour_clinician, dayfour_oh_admin;

-- Why, and since when, the person must not be called about an absence of that onset.
create or replace function oh.no_calls(in_organisation text, in_person_id text, in_onset date)
returns table (why text, since date)
language sql stable rows 1 set search_path = pg_catalog, pg_temp as $$
    select x.why, x.since
    from fact.person p
    left join lateral (
        select q.opted_out, q.opt_on from (
            select o.opted_out, o.opt_on, o.opt_time, o.opt_id from fact.opting o
            where o.organisation = p.organisation and o.person_id = p.person_id
            union all
            select p.opted_out, p.opt_on, p.opt_time, p.opt_id) q
        where q.opt_time is not null
        order by q.opt_time desc, q.opt_id desc limit 1) o on true
    cross join lateral (values
        (1, 'died', p.died_on, p.died_on is not null),
        (2, 'left', p.left_on, p.left_on < (select oh.today()) and in_onset <= p.left_on),
        (3, 'opted_out', o.opt_on, o.opted_out and o.opt_on <= (select oh.today()))) x(n, why, since, holds)
    where p.organisation = in_organisation and p.person_id = in_person_id and x.holds
    order by x.n limit 1
$$;

-- Opens a case: one row, or OH001. Audit: an entry `open` each time, with the dates that were shown.
create or replace function oh.open_case(task_id text) returns setof oh.opened_case
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
    s casework.spell := oh.seen_case(open_case.task_id);
    shown jsonb := jsonb_build_object('onset_date', s.onset_date, 'due_date', s.due_date, 'last_day', s.last_day,
                                      'expected_return', s.expected_return);
    before record;
begin
    select max(o.at) as at, (array_agg(o.shown))[1] as shown into before
    from audit.last_open(s.organisation, s.person_id, s.spell_id) o;
    perform audit.write('open', null, s.organisation, s.person_id,
                        jsonb_build_object('task_id', s.spell_id, 'shown', shown));
    return query
    select t.task_id, t.organisation, t.queue, t.pathway, t.priority::int, t.person_id,
           t.name, t.phone, t.email, t.language, t.preferred_time, t.voicemail,
           t.onset_date, t.due_date, t.work_by_date, t.respond_by, t.days_left,
           t.state, t.end_reason, t.assigned_to, t.attempts, t.last_outcome,
           t.first_attempt_at, t.contacted_at, t.in_target, t.elapsed_days, t.elapsed_working_days,
           t.relapse, t.late_report, t.backdated, t.review_first, t.red_flag,
           t.reason_changed, t.expected_return, t.last_day, t.spell_id, t.period_id, t.absence_ids,
           t.act_by, t.act_in_days, t.known_at, t.reason_late, t.call_back_at, t.red_flag_open, t.unreachable,
           t.site, t.staff_group, t.job, t.channel, t.needs,
           t.date_of_birth, t.display_reason,
           t.assigned_name, t.oh_record,
           s.reason_changed or s.tombstone,
           coalesce(t.assigned_to = session_user, false),
           (select a.fte from unnest(s.record_sources, s.record_ids) r(src, id)
            join fact.absence a on a.organisation = s.organisation and a.person_id = s.person_id
                and a.source = r.src and a.absence_id = r.id
            order by a.onset_date desc, a.first_notice_at, a.source, a.absence_id limit 1),
           least(s.last_day, oh.today()) - s.onset_date + 1,
           n.why, n.since,
           s.case_closed, case when s.case_closed then s.close_reason end, case when s.case_closed then s.closed_at end,
           b.onset_date, b.last_day,
           e.days_overdue, e.overdue_why,
           case when t.prompt_on is not null then oh.prompt_kind(t.organisation, t.task_id, t.prompt_on) end,
           t.prompt_on,
           oh.today() + coalesce((oh.setting(s.organisation, 'follow_up_days') #>> '{}')::int, 14),
           oh.next_working_day(s.organisation, oh.today()),
           (select d.document::jsonb #>> array['urgent', s.queue] from fact.settings d order by d.serial desc limit 1),
           case when e.changed_at > before.at then e.changed_at end,
           (select jsonb_object_agg(w.key, w.value) from jsonb_each(before.shown) w
            where shown -> w.key is distinct from w.value),
           oh.case_digest(s.spell_id)
    from oh.task_row t
    cross join lateral (select x.* from oh.task_extra x where x.task_id = t.task_id offset 0) e
    left join casework.spell b on b.spell_id = s.previous_spell
    left join lateral oh.no_calls(t.organisation, t.person_id, t.onset_date) n on true
    where t.task_id = s.spell_id;
end $$;
grant execute on function oh.open_case(text) to dayfour_clinician, dayfour_oh_admin;

-- Everything that happened in a case, in order. Audit: a reading of the person (oh.open_case() notes the opening).
create or replace function oh.case_history(task_id text)
returns table (
    at             timestamptz, -- when it happened
    known_at       timestamptz, -- when it became known here: received, entered, published
    actor          text,        -- hr, dayfour, oh
    what           text,        -- hr: reported, changed. dayfour: opened, published, withdrawn.
                                -- oh: attempt contact claim release assign close reopen acknowledge oh_record
    by             text,        -- oh: the login
    by_name        text,
    is_mine        boolean,
    entry_id       bigint,
    entry_no       int,         -- of the case, from 1, by entry_id: for addresses
    outcome        text,
    assignee       text, assignee_name text,
    call_back_at   timestamptz, review_on date, red_flag boolean, channel text,
    work_related   text, work_ability text, likely_return date, oh_record text,
    retracted_at   timestamptz, retracted_why text,
    can_undo       boolean,     -- this login may undo it
    absence_id     text, version bigint, onset_date date, last_day date, open_ended boolean, expected_return date,
    fit_note_from  date, fit_note_to date, phased_return_from date, cancelled boolean,
    scheme         text, code text, reason text,   -- reason: its title
    due_date       date,        -- dayfour, opened
    kind           text,        -- dayfour, published and withdrawn: of the event, as in oh.event
    for_hr         boolean,
    occurs_on      date, due_on date, late boolean,
    queue          text)        -- dayfour, opened
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    s casework.spell := oh.seen_case(case_history.task_id);
    is_lead boolean := oh.leads(s.organisation);
    since timestamptz := oh.now() - interval '168 hours';
begin
    perform audit.note_read('oh.case_history');
    perform audit.note_person('oh.case_history', oh.now(), oh.day_began(), s.organisation, s.person_id, false);
    return query
    with k as materialized (
        select a.absence_id, a.version, a.first_notice_at, a.changed_at, a.first_onset_date, a.onset_date, a.last_day,
               a.open_ended, a.expected_return, a.fit_note_from, a.fit_note_to, a.phased_return_from, a.cancelled,
               case when x.is_shown then (array['esr', 'icd10', 'snomed', 'text'])[a.scheme] end as scheme,
               case when x.is_shown then a.code end as code,
               a.changed_at <= a.first_notice_at as is_first
        from unnest(s.record_sources, s.record_ids) r(src, id)
        join fact.absence a on a.organisation = s.organisation and a.person_id = s.person_id
            and a.source = r.src and a.absence_id = r.id
        cross join lateral (select a.match = 1 and not s.reason_changed and not s.tombstone as is_shown) x
    ), n as materialized (
        select e.*, row_number() over (order by e.entry_id)::int as entry_no
        from oh.entry_row e where e.task_id = s.spell_id
    ), v as materialized (
        select x.kind, x.occurs_on, x.due_on, x.late, x.emitted_at, x.withdrawn_at,
               x.subject like 'p%' and x.kind <> 'reason.missing' as for_hr
        from followup.emitted x
        where x.organisation = s.organisation and x.person_id = s.person_id
          and (x.spell_id = s.spell_id or x.spell_id is null and x.period_id = s.period_id)
    ), u as (
        -- The database has the first notice of a record and its newest version, none between.
        select k.first_notice_at as at, k.first_notice_at as known_at, 1 as rank, 'hr' as actor, 'reported' as what,
               null::bigint as entry, null::text as event, k.absence_id, false as is_withdrawal
        from k
        union all
        select k.changed_at, k.changed_at, 1, 'hr', 'changed', null, null, k.absence_id, false from k where not k.is_first
        union all
        select s.first_notice_at, s.first_notice_at, 2, 'dayfour', 'opened', null, null, null, false
        union all
        select n.at, n.entered_at, 3, 'oh', n.kind, n.entry_id, null, null, false from n
    ), w as (
        select u.at, u.known_at, u.rank, u.actor, u.what,
               n.by, n.entry_id, n.entry_no, n.outcome, n.assignee, n.call_back_at, n.review_on, n.red_flag, n.channel,
               n.work_related, n.work_ability, n.likely_return, n.oh_record, n.retracted_at, n.retracted_why,
               n.entered_at, k.absence_id, case when u.what = 'changed' then k.version end as version,
               case when u.what = 'changed' or k.is_first then k.onset_date else k.first_onset_date end as onset_date,
               d.last_day, d.open_ended, d.expected_return, d.fit_note_from, d.fit_note_to, d.phased_return_from,
               d.cancelled, d.scheme, d.code,
               case when u.what = 'opened' then s.due_date end as due_date, null::text as kind, null::boolean as for_hr,
               null::date as occurs_on, null::date as due_on, null::boolean as late,
               case when u.what = 'opened' then s.queue end as queue
        from u
        left join n on n.entry_id = u.entry
        left join k on k.absence_id = u.absence_id
        left join k d on d.absence_id = u.absence_id and (u.what = 'changed' or d.is_first)
        union all
        select x.at, x.at, 4, 'dayfour', x.what, null, null, null, null, null, null, null, null, null, null, null, null,
               null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
               v.kind, v.for_hr, v.occurs_on, v.due_on, v.late, null
        from v
        cross join lateral (values ('published', v.emitted_at), ('withdrawn', v.withdrawn_at)) x(what, at)
        where x.at is not null
    )
    select w.at, w.known_at, w.actor, w.what, w.by,
           case when w.by is not null then oh.name_of(w.by, s.organisation) end, w.by = session_user,
           w.entry_id, w.entry_no, w.outcome, w.assignee,
           case when w.assignee is not null then oh.name_of(w.assignee, s.organisation) end,
           w.call_back_at, w.review_on, w.red_flag, w.channel, w.work_related, w.work_ability, w.likely_return,
           w.oh_record, w.retracted_at, w.retracted_why,
           w.retracted_at is null and w.what not in ('claim', 'release', 'assign')
               and (is_lead or w.by = session_user and w.entered_at >= since) and w.entry_id is not null,
           w.absence_id, w.version, w.onset_date, w.last_day, w.open_ended, w.expected_return, w.fit_note_from,
           w.fit_note_to, w.phased_return_from, w.cancelled, w.scheme, w.code,
           oh.reason_title(w.scheme, w.code),
           w.due_date, w.kind, w.for_hr, w.occurs_on, w.due_on, w.late, w.queue
    from w order by w.at, w.rank, w.entry_id, w.what, w.kind, w.occurs_on, w.absence_id;
end $$;
grant execute on function oh.case_history(text) to dayfour_clinician, dayfour_oh_admin;

-- The person's other cases that the login sees, newest first. Audit: a reading of the person.
create or replace function oh.case_others(task_id text)
returns table (other_id text, pathway text, queue text, onset_date date, last_day date, state text, end_reason text,
               relapse boolean, contacted_at timestamptz, last_outcome text, case_closed boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    s casework.spell := oh.seen_case(case_others.task_id);
begin
    perform audit.note_read('oh.case_others');
    perform audit.note_person('oh.case_others', oh.now(), oh.day_began(), s.organisation, s.person_id, false);
    return query
    select x.spell_id, x.pathway, x.queue, x.onset_date, x.last_day, x.state, x.end_reason,
           x.previous_spell is not null, x.contacted_at, x.last_outcome, x.case_closed
    from casework.spell x
    where x.organisation = s.organisation and x.person_id = s.person_id and x.spell_id <> s.spell_id
    order by x.onset_date desc, x.spell_id;
end $$;
grant execute on function oh.case_others(text) to dayfour_clinician, dayfour_oh_admin;

-- Prompts about the absence that were published to HR, newest first; before them the next one if nothing changes
-- (planned). withdrawn_at: when it was withdrawn. No row discloses anything of the case. Audit: a reading of the
-- person.
create or replace function oh.told_hr(task_id text)
returns table (kind text, occurs_on date, due_on date, emitted_at timestamptz, withdrawn_at timestamptz, late boolean,
               planned boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    s casework.spell := oh.seen_case(told_hr.task_id);
begin
    perform audit.note_read('oh.told_hr');
    perform audit.note_person('oh.told_hr', oh.now(), oh.day_began(), s.organisation, s.person_id, false);
    return query
    select x.kind, x.occurs_on, x.due_on, x.emitted_at, x.withdrawn_at, x.late, x.planned
    from (select split_part(n.part, ' ', 2) as kind, split_part(n.part, ' ', 3)::date as occurs_on, null::date as due_on,
                 null::timestamptz as emitted_at, null::timestamptz as withdrawn_at, null::boolean as late,
                 true as planned, null::int as nth
          from fact.person p
          cross join lateral regexp_split_to_table(p.next_prompts, ';') n(part)
          where p.organisation = s.organisation and p.person_id = s.person_id
            and split_part(n.part, ' ', 1) = s.period_id
          union all
          select e.kind, e.occurs_on, e.due_on, e.emitted_at, e.withdrawn_at, e.late, false, e.nth
          from followup.emitted e
          where e.organisation = s.organisation and e.person_id = s.person_id and e.period_id = s.period_id
            and e.subject like 'p%' and e.kind <> 'reason.missing') x
    order by x.planned desc, x.emitted_at desc, x.occurs_on desc, x.kind, x.nth desc;
end $$;
grant execute on function oh.told_hr(text) to dayfour_clinician, dayfour_oh_admin;

-- The person of a task and the login's newest entry about it, for a confirmation. No row: not the login's, or no
-- longer. Audit: a reading of the person.
create or replace function oh.whose(task_id text) returns table (name text, person_id text, entry_id bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    t record;
begin
    select x.organisation, x.person_id, x.name into t from oh.task_row x where x.task_id = whose.task_id;
    if not found then
        return;
    end if;
    perform audit.note_read('oh.whose');
    perform audit.note_person('oh.whose', oh.now(), oh.day_began(), t.organisation, t.person_id, false);
    return query
    select t.name, t.person_id,
           (select max(e.entry_id) from oh.entry_row e where e.task_id = whose.task_id and e.by = session_user);
end $$;
grant execute on function oh.whose(text) to dayfour_clinician, dayfour_oh_admin;

reset role;

revoke create on schema oh from dayfour_oh_owner;
revoke all on all functions in schema oh from public;
