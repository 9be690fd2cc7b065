-- Schema followup: what was published, what waits to be published, and which instance publishes it.

-- A row for each emission; it is standing while withdrawn_at is null. The nth emission of an occurrence follows nth - 1
-- withdrawals.
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
    data         text not null,                  -- the JSON that was published; the withdrawal repeats it
    emitted_at   timestamptz not null,
    withdrawn_at timestamptz,
    primary key (organisation, person_id, subject, kind, occurrence, nth)
);
create index emitted_standing_prompt on followup.emitted (organisation, spell_id, kind)
    where withdrawn_at is null and kind in ('follow-up.due', 'review.due', 'check-in.due');
-- For reports on records without a reason: the rows of this kind only, which are few.
create index emitted_reason_missing on followup.emitted (organisation, occurs_on) where kind = 'reason.missing';
-- Late emissions only, which are few; `late` is more than ten minutes after the case was known.
create index emitted_told_late on followup.emitted (spell_id) where kind = 'contact-task.created' and late;
alter table followup.emitted enable row level security;
create policy service on followup.emitted to dayfour_followup, dayfour_retention using (true) with check (true);
create policy count on followup.emitted for select to dayfour_report_owner using (true);
grant select, insert, update on followup.emitted to dayfour_followup;
grant select, delete on followup.emitted to dayfour_retention;
grant select (organisation, person_id, subject, kind, occurrence, nth, topic, spell_id, period_id, happens_at,
    occurs_on, due_on, late, late_report, backdated, emitted_at, withdrawn_at) on followup.emitted to
    dayfour_oh_owner;
grant select (organisation, person_id, subject, kind, occurrence, nth, spell_id, occurs_on, late, data, emitted_at,
    withdrawn_at) on followup.emitted to dayfour_report_owner;

-- The bytes of the batch that a shard is publishing. They are frozen: a retry publishes exactly the same.
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
alter table followup.outbox enable row level security;
create policy service on followup.outbox to dayfour_followup using (true) with check (true);
create policy count on followup.outbox for select to dayfour_ops_owner using (true);
grant select, insert, update, delete on followup.outbox to dayfour_followup;
grant select (shard, batch_no) on followup.outbox to dayfour_ops_owner;

-- Which instance works on a shard: a lease by the database's clock. Every claim and confirmation compares the epoch.
create table followup.shard (
    shard           int primary key,
    owner           text not null,
    epoch           bigint not null,
    until           timestamptz not null,
    next_batch      bigint not null,             -- the number the next claimed batch gets
    confirmed_batch bigint not null              -- all batches up to this one are known to be on their topics
) with (fillfactor = 50);
grant select, insert, update, delete on followup.shard to dayfour_followup;
grant select on followup.shard to dayfour_ops_owner;

-- People derived while the emission was paused, who have events to publish. They are due when the emission resumes.
create table followup.held (
    organisation text collate "C" not null,
    person_id    text collate "C" not null,
    prompts      boolean not null default false,  -- the deferred events are for HR
    primary key (organisation, person_id, prompts)
);
alter table followup.held enable row level security;
create policy service on followup.held to dayfour_followup, dayfour_retention using (true) with check (true);
grant select, insert, delete on followup.held to dayfour_followup;
grant select, delete on followup.held to dayfour_retention;

-- People about whom a clinician entered something. Functions insert the row with the entry, and the claim that derives
-- the case deletes it: followup.take_wake_ups(). So a clinician changes no row that intake or followup changes, and
-- takes no lock that a service waits for (doc/architecture.md, "Who waits for whom").
create table followup.wake_up (
    wake_no      bigint generated always as identity primary key,
    organisation text collate "C" not null,
    person_id    text collate "C" not null,
    at           timestamptz not null,
    entry_id     bigint                   -- the row of fact.contact, if there is one
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
create index wake_up_person on followup.wake_up (organisation, person_id);
alter table followup.wake_up enable row level security;
create policy service on followup.wake_up to dayfour_followup using (true);
create policy count on followup.wake_up for select to dayfour_ops_owner using (true);
grant select, delete on followup.wake_up to dayfour_followup;
grant select on followup.wake_up to dayfour_ops_owner;
grant select, insert (organisation, person_id, at, entry_id) on followup.wake_up to dayfour_oh_owner;

-- An operator's permission to recover, used once: followup stopped because Kafka and the database disagree on a
-- position.
create table followup.recovery (
    recovery_id  bigint generated always as identity primary key,
    shard        int not null check (shard >= 0),
    requested_at timestamptz not null default now()
);
grant select, delete on followup.recovery to dayfour_followup;
grant select, insert (shard) on followup.recovery to dayfour_ops_owner;
