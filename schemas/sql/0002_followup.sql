-- What was told to the world, what waits to be, and who is telling.

create schema followup;

-- One row an emission. Standing: withdrawn_at is null. The n-th emission of an occurrence follows n-1 withdrawals.
create table followup.emitted (
    organisation text collate "C" not null,
    person_id    text collate "C" not null,      -- '' where the subject is the organisation
    subject      text collate "C" not null,      -- s<spell_id>, p<period_id>, o<organisation>
    kind         text collate "C" not null,
    occurrence   text collate "C" not null,
    nth          int not null,
    topic        text not null,
    spell_id     text collate "C",
    period_id    text collate "C",
    happens_at   timestamptz not null,           -- T
    occurs_on    date not null,
    due_on       date,
    late         boolean not null,
    late_report  boolean,
    backdated    boolean,
    data         text not null,                  -- the JSON it said: its withdrawal says it again
    emitted_at   timestamptz not null,
    withdrawn_at timestamptz,
    primary key (organisation, person_id, subject, kind, occurrence, nth)
);
create index emitted_standing_prompt on followup.emitted (organisation, spell_id, kind)
    where withdrawn_at is null and kind in ('follow-up.due', 'review.due', 'check-in.due');

-- Frozen bytes of the batch a shard is publishing: published again exactly as they are, whatever happens.
create table followup.outbox (
    shard    int not null,
    batch_no bigint not null,
    ord      int not null,
    topic    text not null,
    key      bytea,
    headers  bytea not null,                     -- as in doc/architecture.md, "Frozen headers"
    value    bytea,
    primary key (shard, batch_no, ord)
);

-- Who works on a shard: a lease by the database's clock. Every claim and confirmation compares the epoch.
create table followup.shard (
    shard           int primary key,
    owner           text not null,
    epoch           bigint not null,
    until           timestamptz not null,
    next_batch      bigint not null,             -- the number the next claimed batch gets
    confirmed_batch bigint not null              -- all up to here are known to be on their topics
) with (fillfactor = 50);

-- The product's time: rehearsal_at is set while a service runs on a clock file; last_now never goes back.
create table ops.clock (
    one          boolean primary key default true check (one),
    rehearsal_at timestamptz,
    last_now     timestamptz,
    finished_at  timestamptz                     -- followup had nothing left to do at this now
);
insert into ops.clock default values;

create table ops.emission (
    one    boolean primary key default true check (one),
    paused boolean not null default false,
    since  timestamptz,
    by     text
);
insert into ops.emission default values;
