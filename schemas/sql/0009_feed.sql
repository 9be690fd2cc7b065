-- Schema feed: the state of `dayfour feed`, what it knows of the extracts it has taken. It has HR's identifiers,
-- digests and dates; no reason, name or contact detail. The digests are HMACs under feed.key_file, which never reaches
-- the database. Only logins in dayfour_feed read and write it. No content of a file lies in other or in temporary
-- tables.

-- A row for each source that has begun. runs_* name the run that holds the advisory lock of the source, for the message
-- of a run that waits for it.
create table feed.source (
    source        text collate "C" primary key check (octet_length(source) between 1 and 100),
    organisations text[] collate "C" not null,
    as_of         timestamptz,            -- of the newest file taken; null: none yet
    mapping       bytea,                  -- SHA-256 of the mapping of that file
    key_check     bytea,                  -- HMAC of the source's name: notices another feed.key_file
    runs_login    text,
    runs_host     text,
    runs_pid      int,
    runs_since    timestamptz
) with (fillfactor = 50);
alter table feed.source enable row level security;
create policy feed on feed.source to dayfour_feed using (true) with check (true);
grant select, insert, update, delete on feed.source to dayfour_feed;

-- Files that were taken, and with which inputs. bump counts the attempts with other inputs that had begun before. The
-- version of a record is as_of in milliseconds plus bump.
create table feed.file (
    source     text collate "C" not null references feed.source on delete cascade,
    as_of      timestamptz not null,
    name       text not null,
    sha256     bytea not null,
    pattern    text not null,             -- of its mapping: row counts are compared within one pattern
    staff      bytea,                     -- SHA-256 of the staff list; null: taken without one
    staff_name text,
    staff_rows bigint,
    mapping    bytea not null,
    bump       int not null,
    rows       bigint not null,
    records    bigint not null,
    events     bigint not null,
    rejected   bigint not null,
    missing    bigint not null,
    taken_at   timestamptz not null,
    primary key (source, as_of)
);
alter table feed.file enable row level security;
create policy feed on feed.file to dayfour_feed using (true) with check (true);
grant select, insert, update, delete on feed.file to dayfour_feed;

-- Before its first message a run commits here what it is about to publish.
create table feed.begun (
    source   text collate "C" primary key references feed.source on delete cascade,
    as_of    timestamptz not null,
    sha256   bytea not null,
    staff    bytea,
    mapping  bytea not null,
    bump     int not null,
    begun_at timestamptz not null
);
alter table feed.begun enable row level security;
create policy feed on feed.begun to dayfour_feed using (true) with check (true);
grant select, insert, update, delete on feed.begun to dayfour_feed;

-- Files that a threshold stopped. accepted_* are set when an operator accepts these bytes: the next run takes them
-- once.
create table feed.held (
    source      text collate "C" not null references feed.source on delete cascade,
    sha256      bytea not null,
    name        text not null,
    as_of       timestamptz not null,
    pattern     text not null,
    why         text not null,
    numbers     jsonb not null,
    held_at     timestamptz not null,
    accepted_at timestamptz,
    accepted_by text,
    reason      text,
    primary key (source, sha256)
);
alter table feed.held enable row level security;
create policy feed on feed.held to dayfour_feed using (true) with check (true);
grant select, insert, update, delete on feed.held to dayfour_feed;
-- oh.freshness says whether a file of a source is held, and no more.
create policy freshness on feed.held for select to dayfour_oh_owner using (true);
grant select (source) on feed.held to dayfour_oh_owner;

-- A record as it was last published.
create table feed.record (
    source        text collate "C" not null references feed.source on delete cascade,
    organisation  text collate "C" not null,
    absence_id    text collate "C" not null,
    person_id     text collate "C" not null,
    assignment_id text collate "C",
    digest        bytea not null,
    version       bigint not null,
    onset_date    date not null,
    last_day      date,
    missing       int not null,           -- full files in a row without it
    missing_since date,                   -- the day of the first of these files
    open_ended    boolean not null,
    ended         boolean not null,       -- published as over
    cancelled     boolean not null,
    settled       boolean not null,       -- missing for long enough, and handled
    derived       boolean not null,       -- absence_id is ours, the file has none
    begun         boolean not null,       -- committed before its first message by a run that did not end
    primary key (source, organisation, absence_id)
) with (fillfactor = 70);
alter table feed.record enable row level security;
create policy feed on feed.record to dayfour_feed using (true) with check (true);
grant select, insert, update, delete on feed.record to dayfour_feed;

-- People who were published as having left. person: HMAC of organisation and person. begun: a run that did not end was
-- about to publish another date, or none.
create table feed.leaver (
    source  text collate "C" not null references feed.source on delete cascade,
    person  bytea not null,
    left_on date not null,
    begun   boolean not null,
    primary key (source, person)
);
alter table feed.leaver enable row level security;
create policy feed on feed.leaver to dayfour_feed using (true) with check (true);
grant select, insert, update, delete on feed.leaver to dayfour_feed;
