-- What Dayfour keeps: positions and dead letters of the intake, facts about people, cases derived from them.
-- Text columns that identify sort by bytes ("C"): cheaper, and the order in which every writer takes its locks.

create schema intake;
create schema fact;
create schema casework;
create schema audit;

-- ---- intake: what was read ----

-- The only truth about how far a topic was taken in: moved in the transaction that stores the messages.
create table intake.position (
    topic       text collate "C" not null,
    partition   int not null check (partition >= 0),
    next_offset bigint not null check (next_offset >= 0),  -- after the last message whose effect is committed
    epoch       bigint not null,                           -- raised by each taking over: fences the owner before
    owner       text not null,
    updated_at  timestamptz not null default now(),
    primary key (topic, partition)
) with (fillfactor = 50);

-- Takes over partitions: their epoch goes up, so that whoever held them fails at its next commit.
create function intake.take_over(in_topic text, in_partitions int[], in_owner text)
returns table (partition int, next_offset bigint, epoch bigint)
language plpgsql set search_path = pg_catalog as $$
begin
    insert into intake.position as p (topic, partition, next_offset, epoch, owner)
    select in_topic, u.part, 0, 0, in_owner from unnest(in_partitions) u(part) order by u.part
    on conflict do nothing;
    perform 1 from intake.position p where p.topic = in_topic and p.partition = any (in_partitions)
        order by p.partition for update;
    return query
        update intake.position p set epoch = p.epoch + 1, owner = in_owner, updated_at = now()
        where p.topic = in_topic and p.partition = any (in_partitions)
        returning p.partition, p.next_offset, p.epoch;
end $$;

-- Moves positions on, by compare and swap; first in the transaction of a batch, so that a fenced owner fails
-- before it does any work. Raises CT001 unless every partition is as its caller believes.
create function intake.advance(in_topic text, in_partitions int[], in_expected bigint[], in_epochs bigint[], in_next bigint[])
returns void language plpgsql set search_path = pg_catalog as $$
declare
    n bigint;
begin
    perform 1 from intake.position p where p.topic = in_topic and p.partition = any (in_partitions)
        order by p.partition for update;
    update intake.position p set next_offset = v.nx, updated_at = now()
        from unnest(in_partitions, in_expected, in_epochs, in_next) v(part, ex, ep, nx)
        where p.topic = in_topic and p.partition = v.part and p.next_offset = v.ex and p.epoch = v.ep;
    get diagnostics n = row_count;
    if n <> cardinality(in_partitions) then
        raise exception 'fenced: % of % partitions are still ours', n, cardinality(in_partitions)
            using errcode = 'CT001';
    end if;
end $$;

create table intake.dead_letter (
    topic        text collate "C" not null,
    partition    int not null,
    "offset"     bigint not null,
    reason       text not null,
    detail       text not null default '',   -- the path at fault, never its value
    organisation text collate "C",           -- where it could be read
    key          bytea,
    value        bytea,                      -- of a too large one its first 65,536 bytes
    headers      bytea,                      -- as in doc/architecture.md, "Frozen headers"
    size         bigint not null,            -- of the whole value
    sha256       bytea,                      -- of the whole value, where value is not the whole
    received_at  timestamptz not null,
    published_batch bigint,                  -- the outbox batch it went out with
    primary key (topic, partition, "offset")
);
create index dead_letter_unpublished on intake.dead_letter (received_at) where published_batch is null;

-- When an organisation's feed was last heard of, for feed.silent.
create table intake.feed (
    topic         text collate "C" not null,
    partition     int not null,
    organisation  text collate "C" not null,
    last_valid_at timestamptz not null,
    primary key (topic, partition, organisation)
) with (fillfactor = 50);

-- ---- facts ----

-- One row a person, the one that every writer about a person bumps (revision): who derived from an older one
-- must do so again. Facts about the person as such, and when to look at the case next.
create table fact.person (
    organisation text collate "C" not null,
    person_id    text collate "C" not null,
    revision     bigint not null,
    next_wake_at timestamptz,             -- null: nothing will happen by time alone
    emitted      int not null default 0,  -- rows in followup.emitted
    contacts     int not null default 0,  -- rows in fact.contact
    left_on date, left_time timestamptz, left_id text collate "C",
    died_on date, died_time timestamptz, died_id text collate "C",
    opt_on date, opt_time timestamptz, opt_id text collate "C", opted_out boolean,
    changed_at   timestamptz,             -- when one of the facts above last changed
    primary key (organisation, person_id)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
create index person_wake on fact.person (next_wake_at) where next_wake_at is not null;

-- One row an absence record: the newest version of it, and what cannot be told from that alone.
create table fact.absence (
    organisation text collate "C" not null,
    person_id    text collate "C" not null,
    source       text collate "C" not null,
    absence_id   text collate "C" not null,
    version      bigint not null,
    first_version bigint not null,        -- the lowest received
    first_onset_date date not null,       -- its onset
    assignment_id text collate "C",
    onset_date   date not null,
    last_day     date,                    -- inclusive
    open_ended   boolean not null,
    expected_return date,
    match        smallint not null,       -- 0 no reason given, 1 code kept, 2 matched nothing, 3 never
    scheme       smallint not null,       -- of a kept code: 1 esr, 2 icd10, 3 snomed, 4 text
    code         text collate "C",        -- kept only where it matched or is watched
    settings_serial int not null,         -- the settings under which the reason was last matched on receipt
    fte          numeric,                 -- null: 1
    fit_note_from date, fit_note_to date,
    phased_return_from date,
    cancelled    boolean not null,
    contact_hash bigint,                  -- of the details in fact.person_contact; null: none there
    first_notice_at timestamptz not null,
    changed_at   timestamptz not null,
    primary key (organisation, person_id, source, absence_id)
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02);
-- A record belongs to one person at a time; it may move.
create unique index absence_record on fact.absence (organisation, source, absence_id);

-- Apart, because few may read it. One row a record that came with details and matched or is watched. Each detail
-- counts from the live record with the latest onset that has it.
create table fact.person_contact (
    organisation text collate "C" not null,
    person_id    text collate "C" not null,
    source       text collate "C" not null,
    absence_id   text collate "C" not null,
    name text, phone text, email text, language text, preferred_time text, voicemail boolean,
    primary key (organisation, person_id, source, absence_id)
);

-- What clinicians did: about a person and a pathway, with the records the spell had then.
create table fact.contact (
    entry_id     bigint generated always as identity primary key,
    organisation text collate "C" not null,
    person_id    text collate "C" not null,
    pathway      text not null,
    kind         smallint not null,       -- 0 attempt, 1 contact, 2 claim, 3 release, 4 assign, 5 close, 6 reopen
    at           timestamptz not null,    -- when it happened
    entered_at   timestamptz not null,    -- when it was written down
    by           text not null,
    assignee     text,
    outcome      smallint not null default 0,
    review_on    date,
    red_flag     boolean not null default false,
    anchor_source text not null,
    anchor_absence_id text not null,
    record_sources text[] not null,       -- these three: the records of the spell then, and the codes kept then
    record_ids   text[] not null,
    record_codes text[] not null,         -- '' where none was kept
    retracted_at timestamptz,
    retracted_by text,
    retracted_why text
);
create index contact_person on fact.contact (organisation, person_id);

-- ---- settings and calendars ----

create table fact.settings (
    serial    int generated always as identity primary key,
    version   text not null,
    document  text not null,
    loaded_at timestamptz not null,
    loaded_by text not null default session_user
);

create table fact.holiday (
    division text not null check (division in ('england-and-wales', 'scotland', 'northern-ireland')),
    day      date not null,
    title    text not null,
    primary key (division, day)
);

-- Raised by every load of settings or holidays: what was derived under an older one is done again.
create table fact.ruleset (
    one             boolean primary key default true check (one),
    serial          int not null,
    settings_serial int,
    calendar_loads  int not null default 0
);
insert into fact.ruleset (serial) values (0);

-- At the end of every batch: no batch commits what an older ruleset said. The row is locked until the commit, and
-- a load waits for that. Locking it takes a right to change it, which nobody but the function's owner has: a lock
-- that anybody could take would let anybody hold up every batch.
create function fact.check_ruleset(in_serial int) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    in_force int;
begin
    select r.serial into strict in_force from fact.ruleset r for share;
    if in_force <> in_serial then
        raise exception 'settings or calendars were loaded meanwhile' using errcode = 'CT003';
    end if;
end $$;

-- A guarded write that met fewer rows than it should: somebody else worked on the same people.
create function fact.check_count(in_found bigint, in_expected bigint) returns void
language plpgsql set search_path = pg_catalog as $$
begin
    if in_found <> in_expected then
        raise exception '% of % people were as they had been read', in_found, in_expected using errcode = 'CT002';
    end if;
end $$;

-- The key all ids and pseudonyms are made with. Read by the services only.
create table fact.install_key (
    one boolean primary key default true check (one),
    key bytea not null check (octet_length(key) = 32)
);

-- ---- cases, derived ----

-- A spell and its one contact task. Never edited by hand: derived from the facts, written when they differ.
create table casework.spell (
    spell_id     text collate "C" primary key,   -- also the task's id
    organisation text collate "C" not null,
    person_id    text collate "C" not null,
    period_id    text collate "C" not null,
    pathway      text not null,
    queue        text not null,
    anchor_source text collate "C" not null,
    anchor_absence_id text collate "C" not null,
    absence_ids  text[] not null,               -- sorted, without repeats
    record_sources text[] not null,              -- these two in step: the records, by source and id
    record_ids   text[] not null,
    onset_date   date not null,
    last_day     date,
    expected_return date,
    first_notice_at timestamptz not null,
    previous_spell text collate "C",             -- set: a relapse of that one
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
    settled_at   timestamptz,                    -- from then on the row stays as it is
    fingerprint  bigint not null                 -- of all of the above: tells what must be written
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
create index spell_person on casework.spell (organisation, person_id);
create index spell_worklist on casework.spell (organisation, queue, due_date) where state <> 'ended';

-- ---- audit ----

create table audit.entry (
    entry_id bigint generated always as identity primary key,
    at       timestamptz not null,
    who      text not null default session_user,
    what     text not null,
    why      text,
    organisation text,
    person_id    text,
    detail   jsonb
);
