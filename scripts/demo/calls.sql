-- A working day of an invented occupational-health team, entered as a clinician would enter it. Some
-- people are called, some of them answer, and some cases are closed. The person and the day alone
-- decide which, so that every run has the same history.
do $$
declare
    t record;
    luck float8[];
    told jsonb := (select coalesce(jsonb_object_agg(e.spell_id, e.emitted_at), '{}') from oh.event e
                   where e.kind = 'contact-task.created');
    at timestamptz;
begin
    for t in select w.*, oh.today() as today from oh.worklist w loop
        select array_agg(abs(hashtextextended(t.person_id || t.today::text, n)) % 10000 / 10000.0 order by n)
        into luck from generate_series(1, 5) n;
        -- The nearer the day it is due, the likelier.
        continue when luck[1] > case when t.state = 'contacted' then 0.35
                                     when t.days_left > 2 then 0.3
                                     when t.days_left > 0 then 0.65
                                     else 0.85 end + case when t.priority = 1 then 0.15 else 0 end;
        at := greatest(oh.now() - luck[2] * interval '6 hours',
                       coalesce((told ->> t.spell_id)::timestamptz, oh.now()));
        if luck[3] < 0.3 then
            perform oh.record_attempt(t.task_id, (array['no_answer', 'voicemail', 'no_answer', 'voicemail',
                'call_back', 'wrong_number'])[1 + floor(luck[4] * 6)::int], at);
            continue;
        end if;
        perform oh.record_contact(t.task_id, (array['self_management_advice', 'fast_track_treatment',
            'self_management_advice', 'onward_referral', 'no_action_needed'])[1 + floor(luck[4] * 5)::int], at,
            case when luck[5] < 0.3 then t.today + 7 end, luck[5] > 0.99);
        if luck[5] > 0.8 then
            perform oh.close_case(t.spell_id, 'recovered');
        end if;
    end loop;
end $$
