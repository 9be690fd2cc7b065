-- Schema fact: what HR and clinicians reported, settings and calendars. All else is derived from it (ADR 4).
-- Text columns that identify sort by bytes ("C"): cheaper, and the order in which every writer takes its locks.

-- A row for each person. Every writer about a person raises revision: a service that derived a case from an older
-- revision derives it again. The row also has facts about the person, and when to derive the case next.
--
-- Two queues of people. When a case is due for occupational health depends on facts that only occupational health may
-- know. If prompts to HR were claimed in that order, the order of HR's topic would disclose them. So HR's prompts have
-- a queue of their own (next_wake_at), which no clinical fact moves (ADR 18).
create table fact.person (
    organisation text collate "C" not null,
    person_id    text collate "C" not null,
    revision     bigint not null,
    next_wake_at timestamptz,             -- HR's queue; null: time alone changes nothing
    emitted      int not null default 0,  -- rows in followup.emitted
    contacts     int not null default 0,  -- rows in fact.contact
    left_on date, left_time timestamptz, left_id text collate "C",
    died_on date, died_time timestamptz, died_id text collate "C",
    opt_on date, opt_time timestamptz, opt_id text collate "C", opted_out boolean,
    changed_at   timestamptz,             -- when one of the facts above last changed
    oh_wake_at   timestamptz,             -- the queue of occupational health: its events and the spells
    prompted     int not null default 0,  -- rows of HR's topic among those counted by emitted
    hr_changed_at timestamptz,            -- when leaving or death last changed
    no_reason_since date,  -- derived: the onset of an open period with a watched record and none that matches
    next_prompts text,     -- derived from HR's facts: "PERIOD kind day" of each period's next prompt, separated by ;
    primary key (organisation, person_id)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
comment on column fact.person.next_wake_at is 'when to look at the case for what HR is told; null: by time alone never';
comment on column fact.person.oh_wake_at is 'the same for occupational health''s events and the spells';
-- People due at the same instant come in the order of person_id: the place of a row must not disclose how often it was
-- written.
create index person_wake on fact.person (next_wake_at, person_id) where next_wake_at is not null;
create index person_oh_wake on fact.person (oh_wake_at) where oh_wake_at is not null;
create index person_no_reason on fact.person (organisation, person_id) where no_reason_since is not null;
alter table fact.person enable row level security;
create policy service on fact.person to dayfour_intake, dayfour_followup, dayfour_retention
    using (true) with check (true);
create policy count on fact.person for select to dayfour_ops_owner using (true);
create policy count_died on fact.person for select to dayfour_report_owner using (true);
grant select, insert, update on fact.person to dayfour_intake, dayfour_followup;
grant select on fact.person to dayfour_oh_owner;
grant select, update (revision, next_wake_at, emitted, contacts, oh_wake_at, prompted), delete on fact.person to
    dayfour_retention;
grant select (organisation, person_id, died_on) on fact.person to dayfour_report_owner;
grant select (next_wake_at, oh_wake_at) on fact.person to dayfour_ops_owner;

-- A row for each absence record: its newest version, and what that version alone does not say.
create table fact.absence (
    organisation text collate "C" not null,
    person_id    text collate "C" not null,
    source       text collate "C" not null,
    absence_id   text collate "C" not null,
    version      bigint not null,
    first_version bigint not null,        -- the lowest version received
    first_onset_date date not null,       -- the onset in that version
    assignment_id text collate "C",
    onset_date   date not null,
    last_day     date,                    -- inclusive
    open_ended   boolean not null,
    expected_return date,
    match        smallint not null,       -- 0 no reason given, 1 code kept, 2 matched nothing, 3 never
    scheme       smallint not null,       -- the scheme of a kept code: 1 esr, 2 icd10, 3 snomed, 4 text
    code         text collate "C",        -- kept only where it matched or is watched
    settings_serial int not null,         -- the settings under which the reason was last matched on receipt
    fte          numeric,                 -- null: 1
    fit_note_from date, fit_note_to date,
    phased_return_from date,
    cancelled    boolean not null,
    contact_hash bigint,                  -- a hash of the details in fact.person_contact; null: none there
    first_notice_at timestamptz not null,
    changed_at   timestamptz not null,
    -- Events for HR follow from HR's facts alone, and a record that is gone for HR stays gone: doc/rules.md.
    hr_changed_at timestamptz,            -- when a fact that HR may know last changed; null: as changed_at
    held_since   timestamptz,             -- when the record became this person's; null: at the first notice
    gone_at      timestamptz,             -- the record is gone for HR from this time on, whatever comes about it
    -- Since when the record is known to belong to a pathway: "2026-09-07T08:10:00Z msk", an element for each. It begins
    -- when a version that matched was first stored as the newest, or when settings first made it match.
    known        text[],                  -- null: the first notice counts
    -- Every record has reason_missing: whether HR gave no reason with the newest version, by unknown_reasons at that
    -- time. HR's view knows nothing else of a reason. Only records that matched or are watched have site, staff_group
    -- and recorded_at, which reports need as long as the record exists.
    reason_missing boolean not null default false,
    reason_given_at timestamptz,          -- null: missing
    site         text,
    staff_group  text,
    recorded_at  timestamptz,             -- when HR's system recorded the absence
    primary key (organisation, person_id, source, absence_id)
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02);
-- A record belongs to one person at a time; it may move to another. The record's own id comes first. With the
-- organisation first, a planner without statistics used this index to find a person's records, and read the whole
-- organisation.
create unique index absence_record on fact.absence (absence_id, source, organisation);
alter table fact.absence enable row level security;
create policy service on fact.absence to dayfour_intake, dayfour_followup, dayfour_retention
    using (true) with check (true);
create policy count on fact.absence for select to dayfour_report_owner using (true);
grant select, insert, update, delete on fact.absence to dayfour_intake;
grant select on fact.absence to dayfour_followup;
grant select, update (contact_hash, gone_at), delete on fact.absence to dayfour_retention;
grant select (organisation, person_id, source, absence_id, version, first_onset_date, onset_date, last_day,
    open_ended, expected_return, match, scheme, code, fte, fit_note_from, fit_note_to, phased_return_from, cancelled,
    first_notice_at, changed_at, reason_missing, site, staff_group) on fact.absence to dayfour_oh_owner;
grant select (organisation, person_id, source, absence_id, first_onset_date, assignment_id, onset_date, last_day,
    open_ended, match, scheme, code, fte, cancelled, first_notice_at, reason_given_at, site, staff_group, recorded_at)
    on fact.absence to dayfour_report_owner;

-- Contact details: a table of its own, because few roles may read it. A record that came with details has a row if it
-- matched or is watched. Each detail counts from the live record with the latest onset that has it.
create table fact.person_contact (
    organisation text collate "C" not null,
    person_id    text collate "C" not null,
    source       text collate "C" not null,
    absence_id   text collate "C" not null,
    name text, phone text, email text, language text, preferred_time text, voicemail boolean,
    channel text check (channel in ('phone', 'email', 'text', 'letter')),
    needs text, date_of_birth date, job text,
    primary key (organisation, person_id, source, absence_id)
);
alter table fact.person_contact enable row level security;
create policy service on fact.person_contact to dayfour_intake, dayfour_followup, dayfour_retention
    using (true) with check (true);
create policy find on fact.person_contact for select to dayfour_find_owner using (true);
grant select, insert, update, delete on fact.person_contact to dayfour_intake;
grant select on fact.person_contact to dayfour_followup, dayfour_oh_owner;
grant select, delete on fact.person_contact to dayfour_retention;
grant select (organisation, person_id, name, phone) on fact.person_contact to dayfour_find_owner;

-- Entries of clinicians about a person and a pathway, with the records that the spell had at that time.
create table fact.contact (
    entry_id     bigint generated always as identity primary key,
    organisation text collate "C" not null,
    person_id    text collate "C" not null,
    pathway      text not null,
    kind         smallint not null,       -- see the comment on the column
    at           timestamptz not null,    -- when it happened
    entered_at   timestamptz not null,    -- when it was written down
    by           text not null,
    assignee     text,
    outcome      smallint not null default 0,  -- numbered as in common/casework/facts.h
    review_on    date,
    red_flag     boolean not null default false,
    anchor_source text not null,
    anchor_absence_id text not null,
    record_sources text[] not null,       -- these three in step: the spell's records and their codes at that time
    record_ids   text[] not null,
    record_codes text[] not null,         -- '' where none was kept
    retracted_at timestamptz,
    retracted_by text,
    retracted_why text,
    call_back_at timestamptz,             -- of an attempt: when somebody promised to call again
    channel      smallint not null default 0,  -- 0 not said, 1 phone, 2 video, 3 in_person, 4 text, 5 email, 6 letter
    no_follow_up boolean not null default false,  -- of a contact: no review is wanted
    work_related text,
    work_ability text,
    likely_return date,
    service      text,
    oh_record    text                     -- kind 8: a reference in the OH record system; null: none
);
create index contact_person on fact.contact (organisation, person_id);
comment on column fact.contact.kind is
    '0 attempt, 1 contact, 2 claim, 3 release, 4 assign, 5 close, 6 reopen, 7 acknowledge, 8 oh_record';
alter table fact.contact enable row level security;
create policy service on fact.contact to dayfour_intake, dayfour_followup, dayfour_retention
    using (true) with check (true);
grant select on fact.contact to dayfour_intake;
grant select, update (retracted_at, retracted_by, retracted_why), delete on fact.contact to dayfour_followup;
grant select, insert on fact.contact to dayfour_oh_owner;
grant select, delete on fact.contact to dayfour_retention;

-- Every document of settings that was loaded; the newest is in force. Where the document has no titles of reasons,
-- those below hold; deploy/settings/pathways.schema.json has the same list.
create table fact.settings (
    serial    int generated always as identity primary key,
    version   text not null,
    document  text not null,
    loaded_at timestamptz not null,
    loaded_by text not null default session_user,
    time_zone text not null
        generated always as (coalesce(document::jsonb #>> '{defaults,time_zone}', 'Europe/London')) stored,
    reason_titles jsonb not null generated always as (coalesce(document::jsonb -> 'reason_titles', '{"esr": {
        "S10": "Anxiety/stress/depression/other psychiatric illnesses",
        "S11": "Back Problems",
        "S12": "Other musculoskeletal problems",
        "S13": "Cold Cough Flu - Influenza",
        "S14": "Asthma",
        "S15": "Chest & respiratory problems",
        "S16": "Headache / migraine",
        "S17": "Benign and malignant tumours cancers",
        "S18": "Blood disorders",
        "S19": "Heart cardiac & circulatory problems",
        "S20": "Burns poisoning frostbite hypothermia",
        "S21": "Ear nose throat (ENT)",
        "S22": "Dental and oral problems",
        "S23": "Eye problems",
        "S24": "Endocrine / glandular problems",
        "S25": "Gastrointestinal problems",
        "S26": "Genitourinary & gynaecological disorders",
        "S27": "Infectious diseases",
        "S28": "Injury fracture",
        "S29": "Nervous system disorders",
        "S30": "Pregnancy related disorders",
        "S31": "Skin disorders",
        "S32": "Substance abuse",
        "S98": "Other known causes - not elsewhere classified",
        "S99": "Unknown causes / Not specified"}}'::jsonb)) stored
);
grant select on fact.settings to dayfour_intake, dayfour_followup, dayfour_retention;
grant select (serial, document, time_zone, reason_titles) on fact.settings to dayfour_oh_owner;
grant select (serial, document) on fact.settings to dayfour_audit_owner, dayfour_report_owner;

create table fact.holiday (
    division text not null check (division in ('england-and-wales', 'scotland', 'northern-ireland')),
    day      date not null,
    title    text not null,
    primary key (division, day)
);
grant select on fact.holiday to dayfour_intake, dayfour_followup, dayfour_retention, dayfour_oh_owner;

-- Every load of settings or holidays raises serial: a case derived under an older serial is derived again.
create table fact.ruleset (
    one             boolean primary key default true check (one),
    serial          int not null,
    settings_serial int,
    calendar_loads  int not null default 0
);
insert into fact.ruleset (serial) values (0);
grant select on fact.ruleset to dayfour_intake, dayfour_followup, dayfour_retention;
-- The column `one` can have one value only: the right to update it is the right to lock the row, and nothing else.
grant select (serial), update (one) on fact.ruleset to dayfour_ops_owner;

-- All ids and pseudonyms are made with this key. Only the services read it.
create table fact.install_key (
    one boolean primary key default true check (one),
    key bytea not null check (octet_length(key) = 32)
);
grant select on fact.install_key to dayfour_intake, dayfour_followup, dayfour_ops_owner;

-- People to be erased whose case is not settled. First followup withdraws what was published about them, and sets
-- withdrawn_at; then `dayfour person erase` deletes the rest.
create table fact.erasure (
    organisation text collate "C" not null,
    person_id    text collate "C" not null,
    asked_at     timestamptz not null,
    asked_by     text not null default session_user,
    why          text not null,
    withdrawn_at timestamptz,             -- all events are withdrawn: the rest may be deleted
    primary key (organisation, person_id)
);
alter table fact.erasure enable row level security;
create policy service on fact.erasure to dayfour_followup, dayfour_retention using (true) with check (true);
grant select, update (withdrawn_at) on fact.erasure to dayfour_followup;
grant select, insert (organisation, person_id, asked_at, why), update (why), delete on fact.erasure to
    dayfour_retention;

-- Opting out and in, as clinicians entered it and followup has not yet copied to fact.person. The row with the greatest
-- (opt_time, opt_id) counts, among these and what HR reported.
create table fact.opting (
    opting_no    bigint generated always as identity primary key,
    organisation text collate "C" not null,
    person_id    text collate "C" not null,
    opted_out    boolean not null,
    opt_on       date not null,
    opt_time     timestamptz not null,
    opt_id       text collate "C" not null,
    entered_at   timestamptz not null,
    by           text not null
);
create index opting_person on fact.opting (organisation, person_id);
alter table fact.opting enable row level security;
create policy service on fact.opting to dayfour_followup, dayfour_retention using (true);
grant select, insert (organisation, person_id, opted_out, opt_on, opt_time, opt_id, entered_at, by) on fact.opting to
    dayfour_oh_owner;
grant select, delete on fact.opting to dayfour_followup;
grant select on fact.opting to dayfour_retention;

-- Entries made by mistake that followup has not yet marked in fact.contact.
create table fact.retraction (
    entry_id     bigint primary key,
    organisation text collate "C" not null,
    person_id    text collate "C" not null,
    at           timestamptz not null,
    by           text not null,
    why          text not null
);
create index retraction_person on fact.retraction (organisation, person_id);
alter table fact.retraction enable row level security;
create policy service on fact.retraction to dayfour_followup, dayfour_retention using (true);
grant select, insert on fact.retraction to dayfour_oh_owner;
grant select, delete on fact.retraction to dayfour_followup, dayfour_retention;

-- Records that were purged after they were gone for HR. If such a record comes again it is still gone. A keyed digest
-- of organisation, source and absence_id identifies it; nothing here says whose record it was, or for which days.
create table fact.gone (
    digest     bytea primary key check (octet_length(digest) = 16),
    gone_month date not null  -- the month in which it became gone: kept for matched_days after that month
);
alter table fact.gone enable row level security;
create policy service on fact.gone to dayfour_intake, dayfour_retention using (true);
create policy remember on fact.gone to dayfour_ops_owner using (true) with check (true);
grant select (digest), insert, delete on fact.gone to dayfour_ops_owner;
grant select on fact.gone to dayfour_intake;
grant select (gone_month), delete on fact.gone to dayfour_retention;
