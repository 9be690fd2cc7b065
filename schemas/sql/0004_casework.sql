-- Schema casework: cases, derived from facts.

-- A spell and its contact task. Services derive the row from the facts, and write it when it differs; nobody edits it.
create table casework.spell (
    spell_id     text collate "C" primary key,   -- also the task's id
    organisation text collate "C" not null,
    person_id    text collate "C" not null,
    period_id    text collate "C" not null,
    pathway      text not null,
    queue        text not null,
    anchor_source text collate "C" not null,
    anchor_absence_id text collate "C" not null,
    absence_ids  text[] not null,                -- sorted, without repeats
    record_sources text[] not null,              -- these two in step: source and id of each record
    record_ids   text[] not null,
    onset_date   date not null,
    last_day     date,
    expected_return date,
    first_notice_at timestamptz not null,
    previous_spell text collate "C",             -- set: this spell is a relapse of that one
    late_report  boolean not null,
    backdated    boolean not null,
    review_first boolean not null,
    priority     smallint not null,
    due_date     date not null,
    work_by_date date,
    respond_by   date,
    state        text not null check (state in ('open', 'contacted', 'ended')),
    end_reason   text,
    tombstone    boolean not null,               -- the facts no longer yield it
    attempts     int not null,
    first_attempt_at timestamptz,
    contacted_at timestamptz,
    last_outcome text,
    review_on    date,
    red_flag     boolean not null,
    reason_changed boolean not null,
    case_closed  boolean not null,
    assigned_to  text,
    elapsed_days int,
    elapsed_working_days int,
    settled_at   timestamptz,                    -- the row no longer changes from this time on
    fingerprint  bigint not null,                -- a hash of the derived columns: rows that differ are written (ADR 13)
    known_at     timestamptz,                    -- the smallest known time of its records for the pathway
    reason_late  boolean not null default false,
    call_back_at timestamptz,                    -- the earliest promise that is open
    red_flag_open boolean not null default false,
    unreachable  boolean not null default false,
    closed_at    timestamptz,                    -- when the closing in force was entered
    close_reason text,
    oh_record    text
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
create index spell_person on casework.spell (organisation, person_id);
-- Open tasks are found by due date, contacted ones by how long ago the spell ended.
create index spell_open on casework.spell (organisation, queue, due_date) where state = 'open';
create index spell_contacted on casework.spell (organisation, queue, last_day) where state = 'contacted';
-- Reports look from a spell to its relapse. The index has relapses only, which are few.
create index spell_relapse on casework.spell (previous_spell) where previous_spell is not null and not tombstone;
create index spell_wanted on casework.spell (organisation, queue) where red_flag_open or call_back_at is not null;
alter table casework.spell enable row level security;
create policy service on casework.spell to dayfour_intake, dayfour_followup, dayfour_retention
    using (true) with check (true);
create policy count on casework.spell for select to dayfour_report_owner using (true);
grant select, insert, update on casework.spell to dayfour_intake, dayfour_followup;
grant select on casework.spell to dayfour_oh_owner;
grant select, delete on casework.spell to dayfour_retention;
grant select (spell_id, organisation, person_id, pathway, anchor_source, anchor_absence_id, record_sources,
    record_ids, onset_date, last_day, first_notice_at, previous_spell, late_report, due_date, state, end_reason,
    tombstone, first_attempt_at, last_outcome, case_closed, elapsed_days, close_reason) on casework.spell to
    dayfour_report_owner;

-- People whose derived case the database refuses, and why (ADR 25). Their facts are stored, and other people are not
-- delayed. Followup tries again at retry_at, and deletes the row when the case is stored. (A refused message becomes a
-- dead letter, reason not_storable.)
create table casework.set_aside (
    no           bigint generated always as identity primary key,  -- operators see this number, never the person
    organisation text collate "C" not null,
    person_id    text collate "C" not null,
    service      text not null,            -- the service that was refused last
    code         text not null,            -- the SQLSTATE
    what         text not null,            -- the constraint, else the column
    prompts      boolean not null default false, -- events for HR wait too
    since        timestamptz not null,
    last_at      timestamptz not null,
    retry_at     timestamptz not null,
    tries        int not null default 1,
    unique (organisation, person_id)
);
comment on table casework.set_aside is 'people whose case cannot be stored as it is derived';
alter table casework.set_aside enable row level security;
create policy service on casework.set_aside to dayfour_intake, dayfour_followup using (true) with check (true);
create policy show on casework.set_aside to dayfour_ops_owner using (true);
grant select, insert, update on casework.set_aside to dayfour_intake;
grant select, insert, update, delete on casework.set_aside to dayfour_followup;
grant select, delete on casework.set_aside to dayfour_ops_owner;

-- An operator asks here for a retry, and followup deletes the row. So no operator's open transaction delays a service.
create table casework.retry_wanted (
    no bigint not null
);
grant insert on casework.retry_wanted to dayfour_ops_owner;
grant select, delete on casework.retry_wanted to dayfour_followup;
