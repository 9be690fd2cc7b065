-- Schema ops: the clock, the switch for publishing, and the owners of feeds. `dayfour migrate` makes ops.migration.

grant select on ops.migration to dayfour_intake, dayfour_followup, dayfour_operator;

-- The product's time. A service that runs on a clock file sets rehearsal_at. last_now never goes back.
create table ops.clock (
    one          boolean primary key default true check (one),
    rehearsal_at timestamptz,
    last_now     timestamptz,
    finished_at  timestamptz,                    -- followup had nothing left to do at this time
    -- An operator who finds the clocks right raises it. Services that stopped then compare the wall clock with the time
    -- since boot from that moment on.
    accepted     int not null default 0
);
insert into ops.clock default values;
grant select, update (rehearsal_at, last_now) on ops.clock to dayfour_intake;
grant select, update on ops.clock to dayfour_followup;
grant select on ops.clock to dayfour_oh_owner;
grant select, update (last_now, accepted) on ops.clock to dayfour_ops_owner;

-- Whether events are published. An operator pauses it; `by` and `since` say who and when.
create table ops.emission (
    one    boolean primary key default true check (one),
    paused boolean not null default false,
    since  timestamptz,
    by     text
);
insert into ops.emission default values;
grant select on ops.emission to dayfour_followup, dayfour_feed_owner;
grant select, update (paused) on ops.emission to dayfour_operator;

-- A login here reads the dead letters of that organisation in full. It is no row of oh.staff: the owner of a feed is no
-- clinician.
create table ops.feed_owner (
    login        text not null check (login <> ''),
    organisation text collate "C" not null check (octet_length(organisation) between 1 and 100),
    primary key (login, organisation)
);
alter table ops.feed_owner enable row level security;
create policy show on ops.feed_owner for select to dayfour_ops_owner using (true);
grant select on ops.feed_owner to dayfour_ops_owner;
