-- Two queues of people. When somebody's case is to be looked at for occupational health depends on what only
-- occupational health may know: were prompts to HR claimed in that order, who stands beside whom in a transaction,
-- and before whom, would tell it. So prompts have a queue of their own, which nothing clinical moves.

alter table fact.person
    add column oh_wake_at timestamptz,              -- as next_wake_at, for occupational health's events and cases
    add column prompted   int not null default 0;   -- of those in `emitted`: rows of HR's topic

comment on column fact.person.next_wake_at is 'when to look at the case for what HR is told; null: by time alone never';
comment on column fact.person.oh_wake_at is 'the same for occupational health''s events and the spells';

update fact.person p
set oh_wake_at = p.next_wake_at,
    prompted = (select count(*) from followup.emitted e
                where e.organisation = p.organisation and e.person_id = p.person_id
                    and e.subject like 'p%' and e.kind <> 'reason.missing');

-- In the order of people where several are due at once: where a row lies must not tell how often it was written.
drop index fact.person_wake;
create index person_wake on fact.person (next_wake_at, person_id) where next_wake_at is not null;
create index person_oh_wake on fact.person (oh_wake_at) where oh_wake_at is not null;

alter table followup.held
    add column prompts boolean not null default false, -- what is held back is for HR
    drop constraint held_pkey,
    add primary key (organisation, person_id, prompts);

-- A fact about the person has changed that HR knows nothing of.
create or replace function oh.wake(in_organisation text, in_person_id text, in_contacts int) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
    update fact.person p
    set revision = p.revision + 1, contacts = p.contacts + in_contacts,
        oh_wake_at = least(p.oh_wake_at, oh.clock())
    where p.organisation = in_organisation and p.person_id = in_person_id;
    perform pg_notify('dayfour_wake', '');
end $$;

create or replace view ops.backlog as
select (select count(*) from fact.person p
        where p.next_wake_at <= (select oh.now()) or p.oh_wake_at <= (select oh.now())) as people_due,
       (select count(*) from followup.outbox) as unconfirmed,
       c.finished_at as clock
from ops.clock c;

-- What clinicians enter cannot move anybody in the queue of prompts.
revoke update (next_wake_at) on fact.person from dayfour_oh_owner;
grant update (oh_wake_at) on fact.person to dayfour_oh_owner;
grant select (oh_wake_at) on fact.person to dayfour_ops_owner;
grant update (oh_wake_at, prompted) on fact.person to dayfour_retention;

-- An empty outbox that was just analysed looks as if reading all of it were the quickest way; it may hold a hundred
-- dead batches by then.
alter function followup.advance(int, bigint, bigint, bigint, boolean) set enable_seqscan = off;
