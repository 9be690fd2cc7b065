-- Schema intake: how far each topic was read, what could not be taken, and when each feed was last heard of.
-- Written by dayfour-intake.

-- How far intake has read each partition. The transaction that stores the messages moves the row, so the two never
-- disagree. An offset alone does not identify a record: a topic that was deleted and made again has other records
-- under the same offsets. So the row also keeps a record that intake was given (last_offset) and a digest of it.
-- Kafka may leave markers of transactions and aborted records behind the last record; no reader is given these.
-- seen_end covers them, so that intake does not mistake them for unread records when retention deletes them.
create table intake.position (
    topic       text collate "C" not null,
    partition   int not null check (partition >= 0),
    next_offset bigint check (next_offset >= 0),  -- after the last message stored; null: not known yet
    epoch       bigint not null,                  -- each take-over raises it, which fences the owner before
    owner       text not null,
    updated_at  timestamptz not null default now(),
    log_start   bigint,                           -- the greatest beginning of the log that was seen
    last_offset bigint,                           -- a record that was delivered, before next_offset; null: none
    last_digest bytea,                            -- a keyed digest of that record, which discloses nothing of it
    seen_end    bigint,                           -- nothing was left to read before this offset; null: not known
    primary key (topic, partition),
    constraint position_last check ((last_offset is null) = (last_digest is null))
) with (fillfactor = 50);
grant select, insert, update on intake.position to dayfour_intake;
grant select on intake.position to dayfour_ops_owner;

-- Messages that could not be taken. Followup publishes them (published_batch).
create table intake.dead_letter (
    topic        text collate "C" not null,
    partition    int not null,
    "offset"     bigint not null,
    reason       text not null,
    detail       text not null default '',   -- the path at fault, never its value
    organisation text collate "C",           -- where it could be read
    key          bytea,                      -- the first 65,536 bytes of it
    key_mac      bytea,                      -- of the whole key, by the installation's key, where key is not the whole
    value        bytea,                      -- the first 65,536 bytes of a message that is too large
    headers      bytea,                      -- as in doc/architecture.md, "Frozen headers"
    size         bigint not null,            -- of the whole value
    sha256       bytea,                      -- of the whole value, where value is not the whole
    received_at  timestamptz not null,
    published_batch bigint,                  -- the outbox batch it went out with
    primary key (topic, partition, "offset")
);
create index dead_letter_unpublished on intake.dead_letter (received_at) where published_batch is null;
alter table intake.dead_letter enable row level security;
create policy service on intake.dead_letter to dayfour_intake, dayfour_followup, dayfour_retention
    using (true) with check (true);
create policy show on intake.dead_letter for select to dayfour_ops_owner using (true);
create policy count on intake.dead_letter for select to dayfour_report_owner using (true);
grant select (topic, partition, "offset"), insert, update (reason, detail, organisation, key, key_mac, value, headers,
    size, sha256, received_at, published_batch) on intake.dead_letter to dayfour_intake;
grant select, update (published_batch) on intake.dead_letter to dayfour_followup;
grant select (topic, partition, "offset", organisation, received_at, published_batch), delete on intake.dead_letter to
    dayfour_retention;
grant select on intake.dead_letter to dayfour_ops_owner;
grant select (organisation, received_at) on intake.dead_letter to dayfour_report_owner;

-- When the last valid message of an organisation came: the event feed.silent is about it.
create table intake.feed (
    topic         text collate "C" not null,
    partition     int not null,
    organisation  text collate "C" not null,
    last_valid_at timestamptz not null,
    primary key (topic, partition, organisation)
) with (fillfactor = 50);
grant select, insert, update on intake.feed to dayfour_intake;
grant select on intake.feed to dayfour_followup;
grant select (organisation) on intake.feed to dayfour_oh_owner, dayfour_report_owner;

-- An operator asks here for another position, and locks no row that a service waits for. The intake that holds the
-- partition moves the position, or else the next intake that is assigned it.
create table intake.position_request (
    request_id   bigint generated always as identity primary key,
    topic        text collate "C" not null,
    partition    int not null check (partition >= 0),
    next_offset  bigint not null check (next_offset >= 0),
    requested_at timestamptz not null default now()
);
grant select, delete on intake.position_request to dayfour_intake;
grant select, insert (topic, partition, next_offset) on intake.position_request to dayfour_ops_owner;

-- Each source's own statement of how fresh its data is: the heartbeat with the greatest as_of. Counts are null if the
-- source gave none.
create table intake.heartbeat (
    organisation text collate "C" not null,
    source       text collate "C" not null,
    as_of        timestamptz not null,
    records      bigint,
    sent         bigint,
    rejected     bigint,
    received_at  timestamptz not null,
    primary key (organisation, source)
) with (fillfactor = 50);
grant select, insert, update on intake.heartbeat to dayfour_intake;
grant select on intake.heartbeat to dayfour_oh_owner;

-- When the last valid message of each source came. The key has the partition, so that two intakes never update one row.
create table intake.sender (
    organisation  text collate "C" not null,
    source        text collate "C" not null,
    topic         text collate "C" not null,
    partition     int not null,
    last_valid_at timestamptz not null,
    primary key (organisation, source, topic, partition)
) with (fillfactor = 50);
alter table intake.sender enable row level security;
create policy service on intake.sender to dayfour_intake using (true) with check (true);
grant select, insert, update on intake.sender to dayfour_intake;
grant select on intake.sender to dayfour_oh_owner;
