-- Schema audit: what was done and read, by whom, in a chain that shows every later change.

-- xact and statement_at identify the statement that wrote an entry: a statement that reads people's data leaves one
-- entry, however many views it reads.
create table audit.entry (
    entry_id bigint generated always as identity primary key,
    at       timestamptz not null,
    who      text not null default session_user,
    what     text not null,
    why      text,
    organisation text,
    person_id    text,
    detail   jsonb,
    xact     xid8 not null default pg_current_xact_id(),
    statement_at timestamptz not null default statement_timestamp()
);
create index entry_read on audit.entry (xact) where what = 'read';
create index entry_about on audit.entry (organisation, person_id, who, at) where what = 'read_about';
create index entry_bulk on audit.entry (xact) where what = 'read_bulk';
create index entry_open on audit.entry (organisation, person_id, who, entry_id) where what = 'open';
alter table audit.entry enable row level security;
create policy write on audit.entry for insert
    to dayfour_audit_owner, dayfour_intake, dayfour_followup, dayfour_retention
    with check (who = session_user);
create policy read on audit.entry for select to dayfour_auditor, dayfour_audit_owner using (true);
create policy purge on audit.entry for delete to dayfour_audit_owner using (true);
create policy erase on audit.entry for update to dayfour_audit_owner using (true) with check (true);
grant select on audit.entry to dayfour_auditor;
grant select, insert (at, what, why, organisation, person_id, detail), update (why, person_id, detail), delete on
    audit.entry to dayfour_audit_owner;
-- No right to insert `who`: that is always the login.
grant insert (at, what, why, organisation, person_id, detail) on audit.entry to dayfour_intake, dayfour_followup,
    dayfour_retention;

-- The audit is a chain: each seal has a hash over its entry and over the seal before. An entry that somebody removes,
-- changes or moves later shows: `dayfour audit verify` computes the whole chain independently.
--
-- Writers insert entries plainly and wait for nobody. Each second followup seals the committed entries that it finds.
-- Numbers are given out before transactions commit, so a gap means nothing: an entry that commits later is sealed
-- later. The personal part of an entry (person_id, why, detail) goes into the hash as a digest with a salt of its own.
-- Both stay with the seal. To erase a personal part delete the salt too: without it nobody can test guesses against the
-- digest, and the chain stays whole.

-- Entries that are not sealed yet. A trigger inserts the row with the entry, and sealing deletes it.
create table audit.unsealed (
    entry_id bigint primary key
);
grant select, insert, delete on audit.unsealed to dayfour_audit_owner;
grant select on audit.unsealed to dayfour_auditor;

create table audit.seal (
    seal_no    bigint primary key,
    entry_id   bigint not null unique,
    sealed_at  timestamptz not null,
    salt       bytea,                     -- null: the personal part is erased, or the entry is purged
    digest     bytea not null,            -- over the salt and the personal part
    entry_hash bytea not null,            -- over the other columns and the digest
    hash       bytea not null,            -- over the hash before, entry_hash, seal_no and sealed_at
    purged_at  timestamptz                -- when the entry was purged; null: it exists
);
grant select, insert, update (salt, purged_at), delete on audit.seal to dayfour_audit_owner;
grant select on audit.seal to dayfour_auditor;

-- The newest seal. Sealing, erasing and purging lock this row first, so only one of them runs at a time.
create table audit.head (
    one     boolean primary key default true check (one),
    seal_no bigint not null,
    hash    bytea not null
);
insert into audit.head (seal_no, hash) values (0, decode(repeat('00', 32), 'hex'));
grant select, update on audit.head to dayfour_audit_owner;
grant select on audit.head to dayfour_auditor;

-- A statement that reads views of people leaves an entry `read` with the number of the reading. It also leaves a row
-- here for each person it may have shown. The first row about a person on a day also leaves an entry `read_about`.
-- Followup adds the rows up by day (audit.reader_day). When the day is over, followup writes the readings that have no
-- entry yet as one entry `reads`. So nobody waits for a row that another session of the same login has locked.
create table audit.reading (
    xact         xid8 not null default pg_current_xact_id(),
    statement_at timestamptz not null default statement_timestamp(),
    nth          int not null,                  -- the number of the person within the statement
    at           timestamptz not null,
    who          text not null default session_user,
    view         text not null,
    organisation text collate "C" not null,
    person_id    text collate "C" not null,
    has_entry    boolean not null,
    primary key (xact, statement_at, nth)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
create index reading_once on audit.reading (xact, person_id);
alter table audit.reading enable row level security;
create policy count on audit.reading to dayfour_audit_owner using (true) with check (who = session_user);
grant select, insert (nth, at, view, organisation, person_id, has_entry), delete on audit.reading to
    dayfour_audit_owner;

-- How often a login read about a person on a day.
create table audit.reader_day (
    organisation text collate "C" not null,
    person_id    text collate "C" not null,
    who          text not null,
    day          date not null,
    first_at     timestamptz not null,
    last_at      timestamptz not null,
    times        int not null,                  -- statements
    entries      int not null,                  -- statements that left an entry
    views        text[] not null,
    primary key (organisation, person_id, who, day)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
create index reader_day_over on audit.reader_day (day);
alter table audit.reader_day enable row level security;
create policy count on audit.reader_day to dayfour_audit_owner using (true) with check (true);
grant select, insert, update, delete on audit.reader_day to dayfour_audit_owner;

-- Each reading takes a number. A reading that is rolled back leaves a gap.
create sequence audit.reading_no;
grant usage on sequence audit.reading_no to dayfour_audit_owner;
grant select on sequence audit.reading_no to dayfour_auditor;
