-- Actions of clinicians and leads on a task. request_id: a request that comes twice under one id is done once.

grant create on schema oh to dayfour_oh_owner;
set local role dayfour_oh_owner;

-- Takes a task that nobody has.
create or replace function oh.claim(task_id text, request_id uuid default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    s casework.spell;
    e fact.contact;
    held_by text;
begin
    if oh.is_repeat(claim.request_id, 'claim', claim.task_id) then
        return;
    end if;
    s := oh.lock_task(claim.task_id);
    held_by := oh.holder(s.spell_id);
    if s.state = 'ended' then
        perform oh.refuse('OH002', 'the task has ended');
    end if;
    if held_by <> session_user then
        perform oh.refuse('OH003', 'claimed by another');
    end if;
    if held_by is null then
        e.kind := 2;
        e.assignee := session_user;
        perform oh.enter(s, e);
    end if;
    perform audit.write('claim', null, s.organisation, s.person_id, jsonb_build_object('task_id', s.spell_id));
end $$;
grant execute on function oh.claim(text, uuid) to dayfour_clinician, dayfour_oh_admin;

-- Puts a task back; a lead may do so for others.
create or replace function oh.release(task_id text, request_id uuid default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    s casework.spell;
    e fact.contact;
    held_by text;
begin
    if oh.is_repeat(release.request_id, 'release', release.task_id) then
        return;
    end if;
    s := oh.lock_task(release.task_id);
    held_by := oh.holder(s.spell_id);
    if s.tombstone or held_by is null then
        perform oh.refuse('OH002', 'nobody has claimed the task');
    end if;
    if held_by <> session_user and not oh.leads(s.organisation) then
        perform oh.refuse('OH003', 'claimed by another');
    end if;
    e.kind := 3;
    perform oh.enter(s, e);
    perform audit.write('release', null, s.organisation, s.person_id, jsonb_build_object('task_id', s.spell_id));
end $$;
grant execute on function oh.release(text, uuid) to dayfour_clinician, dayfour_oh_admin;

-- Gives a task to a login that works on its queue.
create or replace function oh.assign(task_id text, login text, request_id uuid default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    s casework.spell;
    e fact.contact;
    held_by text;
begin
    if oh.is_repeat(assign.request_id, 'assign', assign.task_id) then
        return;
    end if;
    s := oh.lock_task(assign.task_id);
    held_by := oh.holder(s.spell_id);
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
        e.kind := 4;
        e.assignee := assign.login;
        perform oh.enter(s, e);
    end if;
    perform audit.write('assign', null, s.organisation, s.person_id,
                        jsonb_build_object('task_id', s.spell_id, 'login', assign.login));
end $$;
grant execute on function oh.assign(text, text, uuid) to dayfour_clinician, dayfour_oh_admin;

-- Records a call, text, email or letter that reached nobody, perhaps with a promise to call again.
create or replace function oh.record_attempt(task_id text, outcome text, at timestamptz default oh.now(),
                                             call_back_at timestamptz default null, channel text default 'phone',
                                             request_id uuid default null)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    s casework.spell;
    e fact.contact;
begin
    if oh.is_repeat(record_attempt.request_id, 'record_attempt', record_attempt.task_id) then
        return;
    end if;
    s := oh.lock_task(record_attempt.task_id);
    e.kind := 0;
    e.outcome := oh.outcome_no(record_attempt.outcome,
                               array['no_answer', 'busy', 'voicemail', 'wrong_number', 'message_with_other',
                                     'call_back', 'text_sent', 'email_sent', 'letter_sent'],
                               array[1, 13, 2, 3, 14, 4, 15, 16, 17]);
    e.channel := oh.channel_no(record_attempt.channel);
    if e.channel = 1 and e.outcome in (15, 16, 17) then
        e.channel := e.outcome - 11;  -- a text that was sent was a text
    end if;
    e.at := record_attempt.at;
    e.call_back_at := record_attempt.call_back_at;
    perform oh.check_at(s, e.at);
    if e.call_back_at is not null and e.outcome <> 4 then
        perform oh.refuse('22023', 'only a call back has a time to call back');
    end if;
    if e.call_back_at <= oh.clock() or e.call_back_at > oh.clock() + interval '672 hours' then
        perform oh.refuse('22023', 'the time to call back is past, or more than 28 days ahead');
    end if;
    perform audit.write('attempt', null, s.organisation, s.person_id,
                        jsonb_build_object('task_id', s.spell_id, 'entry_id', oh.enter(s, e)));
end $$;
grant execute on function oh.record_attempt(text, text, timestamptz, timestamptz, text, uuid) to dayfour_clinician,
    dayfour_oh_admin;

-- Records a conversation.
create or replace function oh.record_contact(task_id text, outcome text, at timestamptz default oh.now(),
                                             review_on date default null, red_flag boolean default false,
                                             channel text default 'phone', work_related text default null,
                                             work_ability text default null, likely_return date default null,
                                             service text default null, request_id uuid default null)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    s casework.spell;
    e fact.contact;
    day date;
begin
    if oh.is_repeat(record_contact.request_id, 'record_contact', record_contact.task_id) then
        return;
    end if;
    s := oh.lock_task(record_contact.task_id);
    e.kind := 1;
    e.outcome := oh.outcome_no(record_contact.outcome,
                               array['fast_track_treatment', 'self_management_advice', 'onward_referral',
                                     'no_action_needed', 'declined', 'already_in_care', 'urgent_care_advised'],
                               array[5, 6, 7, 8, 9, 18, 19]);
    e.channel := oh.channel_no(record_contact.channel);
    e.at := record_contact.at;
    perform oh.check_at(s, e.at);
    day := (e.at at time zone oh.time_zone())::date;
    e.red_flag := coalesce(record_contact.red_flag, false) or e.outcome = 19;
    e.no_follow_up := coalesce(record_contact.review_on = date 'infinity', false);
    e.review_on := case when not e.no_follow_up then record_contact.review_on end;
    if e.no_follow_up and e.red_flag then
        perform oh.refuse('22023', 'a red flag needs a follow-up');
    end if;
    if e.review_on < day or e.review_on > date '2200-12-31' then
        perform oh.refuse('22023', 'the review is before the contact or out of range');
    end if;
    if record_contact.work_related not in ('yes', 'partly', 'no', 'not_sure') then
        perform oh.refuse('22023', 'work_related is none of yes, partly, no, not_sure');
    end if;
    if record_contact.work_ability not in ('at_work', 'with_changes', 'not_yet') then
        perform oh.refuse('22023', 'work_ability is none of at_work, with_changes, not_yet');
    end if;
    if record_contact.likely_return < s.onset_date or record_contact.likely_return > date '2200-12-31' then
        perform oh.refuse('22023', 'the likely return is before the onset of the absence or out of range');
    end if;
    if octet_length(record_contact.service) not between 1 and 100 then
        perform oh.refuse('22023', 'a service has 1 to 100 bytes');
    end if;
    e.work_related := record_contact.work_related;
    e.work_ability := record_contact.work_ability;
    e.likely_return := record_contact.likely_return;
    e.service := record_contact.service;
    perform audit.write('contact', null, s.organisation, s.person_id,
                        jsonb_build_object('task_id', s.spell_id, 'entry_id', oh.enter(s, e)));
end $$;
grant execute on function oh.record_contact(text, text, timestamptz, date, boolean, text, text, text, date, text,
    uuid) to dayfour_clinician, dayfour_oh_admin;

-- Records that somebody has acted on a red flag.
create or replace function oh.acknowledge(task_id text, request_id uuid default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    s casework.spell;
    e fact.contact;
begin
    if oh.is_repeat(acknowledge.request_id, 'acknowledge', acknowledge.task_id) then
        return;
    end if;
    s := oh.lock_task(acknowledge.task_id);
    if s.tombstone or not oh.is_flagged(s.spell_id) then
        perform oh.refuse('OH002', 'there is no open red flag');
    end if;
    e.kind := 7;
    perform audit.write('acknowledge', null, s.organisation, s.person_id,
                        jsonb_build_object('task_id', s.spell_id, 'entry_id', oh.enter(s, e)));
end $$;
grant execute on function oh.acknowledge(text, uuid) to dayfour_clinician, dayfour_oh_admin;

-- Sets the reference to the person's notes in the OH record system; empty: none.
create or replace function oh.set_oh_record(task_id text, text text, request_id uuid default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    s casework.spell;
    e fact.contact;
begin
    if oh.is_repeat(set_oh_record.request_id, 'set_oh_record', set_oh_record.task_id) then
        return;
    end if;
    s := oh.lock_task(set_oh_record.task_id);
    if octet_length(set_oh_record.text) > 40 or set_oh_record.text ~ '[[:cntrl:]]' then
        perform oh.refuse('22023', 'a reference has up to 40 bytes in one line');
    end if;
    if s.tombstone then
        perform oh.refuse('OH002', 'the spell no longer stands');
    end if;
    e.kind := 8;
    e.oh_record := nullif(btrim(set_oh_record.text), '');
    perform audit.write('oh_record', null, s.organisation, s.person_id,
                        jsonb_build_object('task_id', s.spell_id, 'entry_id', oh.enter(s, e)));
end $$;
grant execute on function oh.set_oh_record(text, text, uuid) to dayfour_clinician, dayfour_oh_admin;

-- Closes a case.
create or replace function oh.close_case(spell_id text, reason text, request_id uuid default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    s casework.spell;
    e fact.contact;
begin
    if oh.is_repeat(close_case.request_id, 'close_case', close_case.spell_id) then
        return;
    end if;
    s := oh.lock_task(close_case.spell_id);
    e.kind := 5;
    e.outcome := oh.outcome_no(close_case.reason,
                               array['recovered', 'referred', 'declined', 'unable_to_contact', 'other'],
                               array[10, 11, 9, 20, 12]);
    if s.tombstone or oh.is_closed(s.spell_id) then
        perform oh.refuse('OH002', 'the case is closed, or no longer stands');
    end if;
    if e.outcome = 20 and not oh.is_unreachable(s.spell_id) then
        perform oh.refuse('OH002', 'there have not been three calls on two days without an answer');
    end if;
    perform oh.enter(s, e);
    perform audit.write('close', close_case.reason, s.organisation, s.person_id,
                        jsonb_build_object('spell_id', s.spell_id));
end $$;
grant execute on function oh.close_case(text, text, uuid) to dayfour_clinician, dayfour_oh_admin;

-- Reopens a closed case.
create or replace function oh.reopen_case(spell_id text, request_id uuid default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    s casework.spell;
    e fact.contact;
begin
    if oh.is_repeat(reopen_case.request_id, 'reopen_case', reopen_case.spell_id) then
        return;
    end if;
    s := oh.lock_task(reopen_case.spell_id);
    if s.tombstone or not oh.is_closed(s.spell_id) then
        perform oh.refuse('OH002', 'the case is not closed');
    end if;
    e.kind := 6;
    perform oh.enter(s, e);
    perform audit.write('reopen', null, s.organisation, s.person_id, jsonb_build_object('spell_id', s.spell_id));
end $$;
grant execute on function oh.reopen_case(text, uuid) to dayfour_clinician, dayfour_oh_admin;

-- Opts a person out or in, from today, before any absence too. A repeat changes nothing, so it does not move the day
-- from which it is in force. There is no lock: of two concurrent calls the later one counts.
create or replace function oh.opt(in_organisation text, in_person_id text, in_out boolean) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
    o record;
    entry bigint;
begin
    if not exists (select from oh.sight v where v.organisation = in_organisation) then
        perform oh.refuse('OH001', 'no such organisation for you');
    end if;
    if in_person_id is null or octet_length(in_person_id) not between 1 and 100 then
        perform oh.refuse('22023', 'a person has 1 to 100 bytes');
    end if;
    entry := audit.write(case when in_out then 'opt_out' else 'opt_in' end, null, in_organisation, in_person_id, null);
    select x.* into o
    from (select p.opted_out, p.opt_on, p.opt_time, p.opt_id from fact.person p
          where p.organisation = in_organisation and p.person_id = in_person_id and p.opt_time is not null
          union all
          select q.opted_out, q.opt_on, q.opt_time, q.opt_id from fact.opting q
          where q.organisation = in_organisation and q.person_id = in_person_id) x
    order by x.opt_time desc, x.opt_id desc limit 1;
    if coalesce(o.opted_out, false) = in_out and (not in_out or o.opt_on <= oh.today()) then
        return;
    end if;
    -- The greatest opt_time counts, so this one is made the greatest.
    insert into fact.opting (organisation, person_id, opted_out, opt_on, opt_time, opt_id, entered_at, by)
    values (in_organisation, in_person_id, in_out, oh.today(),
            greatest(oh.clock(), o.opt_time + interval '1 microsecond'), 'oh:' || entry, oh.clock(), session_user);
    perform oh.wake(in_organisation, in_person_id, null);
end $$;

-- The person asked not to be called.
create or replace function oh.opt_out(organisation text, person_id text, request_id uuid default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not oh.is_repeat(request_id, 'opt_out', concat_ws(E'\x1f', organisation, person_id)) then
        perform oh.opt(organisation, person_id, true);
    end if;
end $$;
grant execute on function oh.opt_out(text, text, uuid) to dayfour_clinician, dayfour_oh_admin;

-- The person may be called again.
create or replace function oh.opt_in(organisation text, person_id text, request_id uuid default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not oh.is_repeat(request_id, 'opt_in', concat_ws(E'\x1f', organisation, person_id)) then
        perform oh.opt(organisation, person_id, false);
    end if;
end $$;
grant execute on function oh.opt_in(text, text, uuid) to dayfour_clinician, dayfour_oh_admin;

-- Undoes an entry made by mistake: it counts no longer, but stays visible.
create or replace function oh.retract(entry_id bigint, why text, request_id uuid default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    task text;
    s casework.spell;
    entered_by text;
    entered timestamptz;
    undone timestamptz;
begin
    if oh.is_repeat(retract.request_id, 'retract', retract.entry_id::text) then
        return;
    end if;
    task := (select x.task_id from oh.entry_row x where x.entry_id = retract.entry_id);
    if task is null then
        perform oh.refuse('OH001', 'no such entry for you');
    end if;
    if coalesce(btrim(why), '') = '' or octet_length(why) > 1000 then
        perform oh.refuse('22023', 'say why, in at most 1000 bytes');
    end if;
    s := oh.lock_task(task);
    select x.by, x.entered_at, x.retracted_at into entered_by, entered, undone
    from oh.entry_row x where x.entry_id = retract.entry_id;
    if undone is not null then
        return;
    end if;
    if (entered_by <> session_user or entered < oh.clock() - interval '168 hours')
       and not oh.leads(s.organisation) then
        perform oh.refuse('OH002', 'only a lead undoes entries of others or of more than seven days ago');
    end if;
    insert into fact.retraction (entry_id, organisation, person_id, at, by, why)
    select c.entry_id, c.organisation, c.person_id, oh.clock(), session_user, retract.why
    from fact.contact c where c.entry_id = retract.entry_id and c.retracted_at is null
    on conflict do nothing;
    if not found then
        return;
    end if;
    perform oh.wake(s.organisation, s.person_id, null);
    perform audit.write('retract', retract.why, s.organisation, s.person_id,
                        jsonb_build_object('task_id', s.spell_id, 'entry_id', retract.entry_id));
end $$;
grant execute on function oh.retract(bigint, text, uuid) to dayfour_clinician, dayfour_oh_admin;

reset role;

revoke create on schema oh from dayfour_oh_owner;
revoke all on all functions in schema oh from public;
