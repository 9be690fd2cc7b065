-- Schema oh: staff of occupational health, and the rows that its functions return.

-- Each login's organisations and queues. A member of dayfour_oh_admin sees every queue of these organisations.
create table oh.staff (
    login        text not null check (login <> ''),
    organisation text collate "C" not null check (octet_length(organisation) between 1 and 100),
    queues       text[] not null default '{}',
    display_name text constraint staff_display_name check (octet_length(display_name) between 1 and 100),
    role         text constraint staff_role check (octet_length(role) between 1 and 100),  -- "physiotherapist"
    sso          boolean not null default false,  -- signs in through the page's proxy, by a password from the web key
    primary key (login, organisation)
);
alter table oh.staff enable row level security;
create policy sight on oh.staff for select to dayfour_oh_owner using (true);
grant select on oh.staff to dayfour_oh_owner;

-- Clinicians take turns at a task by updating its row here: of two transactions with older snapshots one fails. The row
-- also counts the task's entries.
create table oh.task_turn (
    task_id text collate "C" primary key,
    entries int not null
) with (fillfactor = 50);
grant select, insert, update (entries) on oh.task_turn to dayfour_oh_owner;
grant select, update (entries), delete on oh.task_turn to dayfour_retention;

-- Requests that came with an id, kept for 24 hours. A digest says what each was about, so that no row names a person.
create table oh.request (
    login      text not null,
    request_id uuid not null,
    digest     bytea not null,
    at         timestamptz not null,
    primary key (login, request_id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
alter table oh.request enable row level security;
create policy own on oh.request to dayfour_oh_owner using (login = session_user) with check (login = session_user);
create policy service on oh.request to dayfour_retention using (true);
grant select, insert, update (digest, at), delete on oh.request to dayfour_oh_owner;
grant select (at), delete on oh.request to dayfour_retention;

-- Rows of the functions by which people are read about (ADR 31). The page is built on these columns: add new ones at
-- the end.

-- A row of a list of calls: oh.calls(). Up to oh_record as in oh.task, without the date of birth and the reason.
create type oh.call as (
    key            text,        -- pass the last row's as `after` to get the next page
    row_no         int,         -- in the whole list, from 1
    total          int,         -- rows of the whole list
    task_id        text, organisation text, queue text, pathway text, priority int, person_id text,
    name           text, phone text, email text, language text, preferred_time text, voicemail boolean,
    onset_date     date, due_date date, work_by_date date, respond_by date, days_left int,
    state          text, end_reason text, assigned_to text, attempts int, last_outcome text,
    first_attempt_at timestamptz, contacted_at timestamptz, in_target boolean,
    elapsed_days   int, elapsed_working_days int,
    relapse        boolean, late_report boolean, backdated boolean, review_first boolean, red_flag boolean,
    reason_changed boolean, expected_return date, last_day date, spell_id text, period_id text, absence_ids text[],
    act_by         date, act_in_days int, known_at timestamptz, reason_late boolean,
    call_back_at   timestamptz, -- the open promise
    red_flag_open  boolean, unreachable boolean,
    site           text, staff_group text, job text, channel text, needs text,
    assigned_name  text, oh_record text,
    is_mine        boolean,     -- assigned to the login that asks
    is_promised    boolean,     -- call_back_at is today or past: these rows come first
    days_overdue   int,         -- since the later of due date and respond_by; null: not overdue, or contacted
    overdue_why    text,        -- it was overdue when the case began: reported_late, reason_late, start_moved; null: no
    look_again     text,        -- of a contacted task: follow-up, review or check-in; null: none
    look_again_since date,
    last_attempt_at timestamptz,
    tried          text,        -- local times of all attempts: "Mon 7 09:10, Tue 8 14:00"; null: none
    hr_changed_at  timestamptz  -- HR changed the absence at this time, and the login has not opened the case since
);

-- Counts of a list, whatever page of it is shown: oh.call_counts().
create type oh.call_counts as (
    today int, all_calls int, mine int, unassigned int, not_reached int, follow_up int,  -- the six views
    promised       int,         -- of today's: calls promised
    overdue        int,
    to_reach_today int,         -- of today's: not promised, not overdue, not contacted
    due_on_day_off int          -- of those: due after today, on a day without service
);

-- A case: oh.open_case(). Up to oh_record as in oh.task.
create type oh.opened_case as (
    task_id        text, organisation text, queue text, pathway text, priority int, person_id text,
    name           text, phone text, email text, language text, preferred_time text, voicemail boolean,
    onset_date     date, due_date date, work_by_date date, respond_by date, days_left int,
    state          text, end_reason text, assigned_to text, attempts int, last_outcome text,
    first_attempt_at timestamptz, contacted_at timestamptz, in_target boolean,
    elapsed_days   int, elapsed_working_days int,
    relapse        boolean, late_report boolean, backdated boolean, review_first boolean, red_flag boolean,
    reason_changed boolean, expected_return date, last_day date, spell_id text, period_id text, absence_ids text[],
    act_by         date, act_in_days int, known_at timestamptz, reason_late boolean, call_back_at timestamptz,
    red_flag_open  boolean, unreachable boolean,
    site           text, staff_group text, job text, channel text, needs text, date_of_birth date,
    display_reason text,        -- null: not given, or hidden from this queue (reason_hidden)
    assigned_name  text, oh_record text,
    reason_hidden  boolean,
    is_mine        boolean,
    fte            numeric,     -- share of full time; null: not known
    days_off       int,         -- of the spell: its first day is day 1, to today or its last day
    do_not_call    text,        -- died, left or opted_out; null: may be called
    do_not_call_since date,
    case_closed    boolean, close_reason text, closed_at timestamptz,
    previous_onset date,        -- of a recurrence: the spell before
    previous_last_day date,
    days_overdue   int, overdue_why text, look_again text, look_again_since date,  -- as in oh.call
    follow_up_on   date,        -- when the case is reviewed if a contact of today names no day
    urgent_follow_up_on date,   -- the same after a contact with a red flag: the next working day
    urgent_text    text,        -- from the settings: what to do in urgent cases of this queue
    hr_changed_at  timestamptz, -- as in oh.call, before this opening
    hr_was         jsonb,       -- values shown to this login that changed since: {"onset_date": "2026-09-06"}
    digest         text         -- a digest of HR's facts and others' entries: oh.case_digest()
);

grant create on schema oh to dayfour_oh_owner;
alter type oh.call owner to dayfour_oh_owner;
alter type oh.call_counts owner to dayfour_oh_owner;
alter type oh.opened_case owner to dayfour_oh_owner;
revoke create on schema oh from dayfour_oh_owner;
