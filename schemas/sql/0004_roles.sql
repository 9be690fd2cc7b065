-- Who may do what. The whole of it as a table: doc/access.md, which a test holds against the catalogue.
--
-- Three kinds of role, none of which can log in; logins are granted them.
--   services   dayfour_intake, dayfour_followup: the base tables they work on
--   people     dayfour_clinician and the other groups: views and functions, no base table
--   owners     dayfour_oh_owner, dayfour_audit_owner, dayfour_ops_owner: what views and functions may do. Never
--              granted to anybody but the owner of the database, who runs migrations.
-- Roles belong to the cluster and may be there already, made for another database.

do $$
declare
    r text;
begin
    foreach r in array array['dayfour_intake', 'dayfour_followup', 'dayfour_clinician', 'dayfour_oh_admin',
                             'dayfour_operator', 'dayfour_feed_owner', 'dayfour_reporter', 'dayfour_auditor',
                             'dayfour_retention', 'dayfour_oh_owner', 'dayfour_audit_owner', 'dayfour_ops_owner']
    loop
        begin
            if not exists (select from pg_catalog.pg_roles where rolname = r) then
                execute pg_catalog.format('create role %I nologin', r);
            end if;
        exception when duplicate_object or unique_violation then
            null;  -- another database of the cluster is being made at the same time
        end;
        if exists (select from pg_catalog.pg_roles
                   where rolname = r and (rolsuper or rolbypassrls or rolcreaterole
                                          or rolcanlogin and r ~ '^dayfour_(oh|audit|ops)_owner$')) then
            raise exception 'role % exists, and may more than it should', r
                using errcode = 'invalid_role_specification';
        end if;
        -- Handing over what was made needs membership; a superuser has it anyway. From PostgreSQL 16 on, having made
        -- a role is a membership that does not yet do.
        if r ~ '^dayfour_(oh|audit|ops)_owner$'
           and not pg_catalog.pg_has_role(current_user, r, case when pg_catalog.current_setting('server_version_num')::int
                                                                     >= 160000 then 'set' else 'member' end) then
            begin
                execute pg_catalog.format('grant %I to current_user', r);
            exception when insufficient_privilege then
                raise exception 'role % was made by somebody else', r using errcode = 'insufficient_privilege',
                    hint = pg_catalog.format('Whoever may must first: grant %I to %I', r, current_user);
            end;
        end if;
    end loop;
end $$;

-- ---- nothing for everybody ----

do $$
begin
    execute pg_catalog.format('revoke create, temporary on database %I from public', pg_catalog.current_database());
end $$;
revoke create on schema public from public;
revoke all on all functions in schema intake, fact, casework, followup, oh, audit from public;

-- ---- what belongs to whom ----

grant create on schema oh to dayfour_oh_owner;
grant create on schema audit to dayfour_audit_owner;

do $$
declare
    o record;
begin
    for o in
        select c.oid::regclass::text as name
        from pg_catalog.pg_class c where c.relnamespace = 'oh'::regnamespace and c.relkind = 'v'
    loop
        execute 'alter view ' || o.name || ' owner to dayfour_oh_owner';
    end loop;
    for o in
        select p.oid::regprocedure::text as name,
               case p.pronamespace when 'oh'::regnamespace then 'dayfour_oh_owner'
                                   else 'dayfour_audit_owner' end as owner
        from pg_catalog.pg_proc p where p.pronamespace in ('oh'::regnamespace, 'audit'::regnamespace)
    loop
        execute 'alter function ' || o.name || ' owner to ' || o.owner;
    end loop;
end $$;

revoke create on schema oh from dayfour_oh_owner;
revoke create on schema audit from dayfour_audit_owner;

-- ---- the services ----

grant usage on schema intake, fact, casework, audit, ops to dayfour_intake, dayfour_followup;
grant usage on schema followup to dayfour_followup;

grant select, insert, update on intake.position, intake.feed to dayfour_intake;
grant insert, select (topic, partition, "offset") on intake.dead_letter to dayfour_intake;
grant execute on function intake.take_over(text, int[], text),
    intake.advance(text, int[], bigint[], bigint[], bigint[]) to dayfour_intake;
grant select on intake.feed, intake.dead_letter to dayfour_followup;
grant update (published_batch) on intake.dead_letter to dayfour_followup;

grant select, insert, update on fact.person to dayfour_intake, dayfour_followup;
grant select, insert, update, delete on fact.absence, fact.person_contact to dayfour_intake;
grant select on fact.absence, fact.person_contact to dayfour_followup;
grant select on fact.contact, fact.settings, fact.holiday, fact.ruleset, fact.install_key
    to dayfour_intake, dayfour_followup;
grant execute on function fact.check_ruleset(int), fact.check_count(bigint, bigint)
    to dayfour_intake, dayfour_followup;

grant select, insert, update on casework.spell to dayfour_intake, dayfour_followup;

grant select, insert, update on followup.emitted to dayfour_followup;
grant select, insert, update, delete on followup.outbox, followup.shard to dayfour_followup;

grant select, update (rehearsal_at, last_now) on ops.clock to dayfour_intake;
grant select, update on ops.clock to dayfour_followup;
grant select on ops.emission to dayfour_followup;

-- Not `who`: that is always the login.
grant insert (at, what, why, organisation, person_id, detail) on audit.entry to dayfour_intake, dayfour_followup;

-- ---- occupational health ----

grant usage on schema oh to dayfour_clinician, dayfour_oh_admin;
grant select on oh.task, oh.worklist, oh.spell, oh.event, oh.entry, oh.record to dayfour_clinician, dayfour_oh_admin;
grant execute on function oh.now(), oh.claim(text), oh.release(text), oh.assign(text, text),
    oh.record_attempt(text, text, timestamptz), oh.record_contact(text, text, timestamptz, date, boolean),
    oh.close_case(text, text), oh.reopen_case(text), oh.opt_out(text, text), oh.opt_in(text, text),
    oh.retract(bigint, text)
    to dayfour_clinician, dayfour_oh_admin;
-- What views and policies call is checked against the reader; it tells them no more than they know. The schema
-- audit they cannot name.
grant execute on function oh.today(), oh.time_zone(), oh.my_organisations(), oh.led_organisations(), oh.my_queues(),
    audit.note_read(text) to dayfour_clinician, dayfour_oh_admin;

grant usage on schema casework, fact, followup, intake, ops, audit, oh to dayfour_oh_owner;
grant select on casework.spell, oh.staff to dayfour_oh_owner;
grant select, insert (organisation, person_id, revision),
    update (revision, contacts, next_wake_at, opt_on, opt_time, opt_id, opted_out, changed_at)
    on fact.person to dayfour_oh_owner;
grant select on fact.person_contact to dayfour_oh_owner;
grant select (organisation, person_id, source, absence_id, version, match, scheme, code, first_onset_date, onset_date,
              last_day, open_ended, expected_return, fit_note_from, fit_note_to, phased_return_from, cancelled,
              first_notice_at, changed_at)
    on fact.absence to dayfour_oh_owner;
grant select, insert, update (retracted_at, retracted_by, retracted_why) on fact.contact to dayfour_oh_owner;
grant select (serial, time_zone) on fact.settings to dayfour_oh_owner;
grant select (organisation, person_id, subject, kind, occurrence, nth, topic, spell_id, period_id, happens_at,
              occurs_on, due_on, late, late_report, backdated, emitted_at, withdrawn_at)
    on followup.emitted to dayfour_oh_owner;
grant select (organisation) on intake.feed to dayfour_oh_owner;
grant select on ops.clock to dayfour_oh_owner;
grant execute on function audit.note_read(text), audit.write(text, text, text, text, jsonb) to dayfour_oh_owner;

-- ---- audit, retention, reports ----

grant usage on schema audit to dayfour_auditor;
grant select on audit.entry to dayfour_auditor;

grant usage on schema audit, oh, fact to dayfour_audit_owner;
grant select, delete, insert (at, what, why, organisation, person_id, detail) on audit.entry to dayfour_audit_owner;
grant select (serial, document) on fact.settings to dayfour_audit_owner;
grant execute on function oh.now(), oh.clock() to dayfour_audit_owner;

grant usage on schema intake, fact, casework, followup, audit, ops, oh to dayfour_retention;
grant select, delete on fact.absence, fact.person_contact, fact.contact, casework.spell, followup.emitted
    to dayfour_retention;
grant select, delete, update (revision, contacts, emitted, next_wake_at) on fact.person to dayfour_retention;
grant delete, select (topic, partition, "offset", received_at, published_batch) on intake.dead_letter
    to dayfour_retention;
grant select on fact.settings, fact.ruleset to dayfour_retention;
grant execute on function fact.check_ruleset(int), oh.now(), audit.purge() to dayfour_retention;
grant insert (at, what, why, organisation, person_id, detail) on audit.entry to dayfour_retention;

create schema report;
grant usage on schema report to dayfour_reporter;

-- ---- row-level security ----
-- Enabled, not forced: the owner of the tables runs migrations and loads settings. Services and retention see all
-- organisations; what is shown to people is bounded by the organisations and queues of their session's login.

alter table fact.person enable row level security;
alter table fact.absence enable row level security;
alter table fact.person_contact enable row level security;
alter table fact.contact enable row level security;
alter table casework.spell enable row level security;
alter table followup.emitted enable row level security;
alter table followup.outbox enable row level security;
alter table intake.dead_letter enable row level security;
alter table audit.entry enable row level security;
alter table oh.staff enable row level security;

create policy service on fact.person to dayfour_intake, dayfour_followup, dayfour_retention
    using (true) with check (true);
create policy service on fact.absence to dayfour_intake, dayfour_followup, dayfour_retention
    using (true) with check (true);
create policy service on fact.person_contact to dayfour_intake, dayfour_followup, dayfour_retention
    using (true) with check (true);
create policy service on fact.contact to dayfour_intake, dayfour_followup, dayfour_retention
    using (true) with check (true);
create policy service on casework.spell to dayfour_intake, dayfour_followup, dayfour_retention
    using (true) with check (true);
create policy service on followup.emitted to dayfour_followup, dayfour_retention using (true) with check (true);
create policy service on followup.outbox to dayfour_followup using (true) with check (true);
create policy service on intake.dead_letter to dayfour_intake, dayfour_followup, dayfour_retention
    using (true) with check (true);

-- The sub-selects are evaluated once a statement. Cases are looked for by organisation, so that an index may serve;
-- everything else is reached from a case by a key of its own, which `|| ''` leaves to be the only one.
create policy sight on casework.spell for select to dayfour_oh_owner
    using (organisation = any ((select oh.my_organisations())::text[])
           and (organisation = any ((select oh.led_organisations())::text[])
                or (organisation, queue) in (select q.organisation, q.queue from oh.my_queues() q)));
create policy sight on fact.person to dayfour_oh_owner
    using (organisation || '' = any ((select oh.my_organisations())::text[]));
create policy sight on fact.absence for select to dayfour_oh_owner
    using (organisation || '' = any ((select oh.my_organisations())::text[]));
create policy sight on fact.person_contact for select to dayfour_oh_owner
    using (organisation || '' = any ((select oh.my_organisations())::text[]));
create policy sight on fact.contact to dayfour_oh_owner
    using (organisation || '' = any ((select oh.my_organisations())::text[]))
    with check (organisation = any (oh.my_organisations()) and (by = session_user or retracted_by = session_user));
create policy sight on followup.emitted for select to dayfour_oh_owner
    using (organisation || '' = any ((select oh.my_organisations())::text[]));
create policy sight on oh.staff for select to dayfour_oh_owner using (true);

create policy write on audit.entry for insert
    to dayfour_audit_owner, dayfour_intake, dayfour_followup, dayfour_retention
    with check (who = session_user);
create policy read on audit.entry for select to dayfour_auditor, dayfour_audit_owner using (true);
create policy purge on audit.entry for delete to dayfour_audit_owner using (true);
