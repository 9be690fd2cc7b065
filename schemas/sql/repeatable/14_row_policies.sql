-- Row policies of the owner of schema oh: its views and functions see the organisations and queues of the login. The
-- policies that admit services stand with their tables, in the numbered files.
--
-- PostgreSQL evaluates each sub-select once a statement. Cases are found by organisation, so an index on it may be
-- used. All else is reached from a case by a key of its own: `|| ''` keeps the planner from using an index on
-- organisation instead. A policy is dropped and made again, because PostgreSQL has no `create or replace policy`.

drop policy if exists sight on casework.spell;
create policy sight on casework.spell for select to dayfour_oh_owner
    using (organisation = any ((select oh.my_organisations())::text[])
           and (organisation = any ((select oh.led_organisations())::text[])
                or (organisation, queue) in (select q.organisation, q.queue from oh.my_queues() q)));

drop policy if exists sight on fact.person;
create policy sight on fact.person to dayfour_oh_owner
    using (organisation || '' = any ((select oh.my_organisations())::text[]));

drop policy if exists sight on fact.absence;
create policy sight on fact.absence for select to dayfour_oh_owner
    using (organisation || '' = any ((select oh.my_organisations())::text[]));

drop policy if exists sight on fact.person_contact;
create policy sight on fact.person_contact for select to dayfour_oh_owner
    using (organisation || '' = any ((select oh.my_organisations())::text[]));

drop policy if exists sight on fact.contact;
create policy sight on fact.contact to dayfour_oh_owner
    using (organisation || '' = any ((select oh.my_organisations())::text[]))
    with check (organisation = any (oh.my_organisations()) and (by = session_user or retracted_by = session_user));

drop policy if exists sight on followup.emitted;
create policy sight on followup.emitted for select to dayfour_oh_owner
    using (organisation || '' = any ((select oh.my_organisations())::text[]));

-- A clinician adds a wake-up with each entry, and waits until followup has taken it: policies enter and wait.
drop policy if exists enter on followup.wake_up;
create policy enter on followup.wake_up for insert to dayfour_oh_owner
    with check (organisation = any (oh.my_organisations()));

drop policy if exists sight on fact.opting;
create policy sight on fact.opting to dayfour_oh_owner
    using (organisation || '' = any ((select oh.my_organisations())::text[]))
    with check (organisation = any (oh.my_organisations()) and by = session_user);

drop policy if exists sight on fact.retraction;
create policy sight on fact.retraction to dayfour_oh_owner
    using (organisation || '' = any ((select oh.my_organisations())::text[]))
    with check (organisation = any (oh.my_organisations()) and by = session_user);

drop policy if exists sight on intake.sender;
create policy sight on intake.sender for select to dayfour_oh_owner
    using (organisation = any ((select oh.my_organisations())::text[]));

drop policy if exists wait on followup.wake_up;
create policy wait on followup.wake_up for select to dayfour_oh_owner
    using (organisation = any ((select oh.my_organisations())::text[]));
