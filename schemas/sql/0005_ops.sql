-- What operators and the owners of the HR feed look at: how far things are, never who they are about.

create view ops.position as
select p.topic, p.partition, p.next_offset, p.epoch, p.owner, p.updated_at from intake.position p;

-- One row: people whose case is to be derived by now, records not yet known to be on their topics, and the
-- instant at which followup last had nothing left to do.
create view ops.backlog as
select (select count(*) from fact.person p where p.next_wake_at <= (select oh.now())) as people_due,
       (select count(*) from followup.outbox) as unconfirmed,
       c.finished_at as clock
from ops.clock c;

create view ops.dead_letter as
select d.topic, d.partition, d."offset", d.reason, d.detail, d.organisation, d.headers, d.size, d.sha256,
       d.received_at, d.published_batch
from intake.dead_letter d;

-- With key and value, which may name a person and a diagnosis: reading it is audited.
create view ops.dead_letter_raw with (security_barrier) as
select d.topic, d.partition, d."offset", d.reason, d.detail, d.organisation, d.key, d.value, d.headers, d.size,
       d.sha256, d.received_at, d.published_batch
from intake.dead_letter d
where (select audit.note_read('ops.dead_letter_raw'));

-- Whoever stops the emission, or lets it go on, is written down.
create function ops.note_emission() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    new.by := session_user;
    new.since := oh.clock();
    perform audit.write(case when new.paused then 'emission_paused' else 'emission_resumed' end, null, null, null,
                        null);
    return new;
end $$;

create trigger emission_audit before update on ops.emission
    for each row when (old.paused is distinct from new.paused) execute function ops.note_emission();

revoke all on all functions in schema ops from public;

grant create on schema ops to dayfour_ops_owner;
alter view ops.position owner to dayfour_ops_owner;
alter view ops.backlog owner to dayfour_ops_owner;
alter view ops.dead_letter owner to dayfour_ops_owner;
alter view ops.dead_letter_raw owner to dayfour_ops_owner;
alter function ops.note_emission() owner to dayfour_ops_owner;
revoke create on schema ops from dayfour_ops_owner;

-- `one` can have one value only: the right to change it is one to lock the row, and to nothing else.
grant usage, create on schema fact to dayfour_ops_owner;
alter function fact.check_ruleset(int) owner to dayfour_ops_owner;
revoke create on schema fact from dayfour_ops_owner;
grant select (serial), update (one) on fact.ruleset to dayfour_ops_owner;

grant usage on schema intake, fact, followup, audit, oh, ops to dayfour_ops_owner;
grant select on intake.position, intake.dead_letter, ops.clock to dayfour_ops_owner;
grant select (next_wake_at) on fact.person to dayfour_ops_owner;
grant select (shard, batch_no) on followup.outbox to dayfour_ops_owner;
grant execute on function oh.now(), oh.clock(), audit.note_read(text), audit.write(text, text, text, text, jsonb)
    to dayfour_ops_owner;

create policy count on fact.person for select to dayfour_ops_owner using (true);
create policy count on followup.outbox for select to dayfour_ops_owner using (true);
create policy show on intake.dead_letter for select to dayfour_ops_owner using (true);

grant usage on schema ops to dayfour_operator, dayfour_feed_owner;
grant select on ops.position, ops.backlog, ops.dead_letter, ops.emission to dayfour_operator, dayfour_feed_owner;
grant update (paused) on ops.emission to dayfour_operator;
grant select on ops.dead_letter_raw to dayfour_feed_owner;
grant execute on function oh.now() to dayfour_operator, dayfour_feed_owner;
grant execute on function audit.note_read(text) to dayfour_feed_owner;

-- Made by the migration itself, before the first of these files.
do $$
begin
    if pg_catalog.to_regclass('ops.migration') is not null then
        grant select on ops.migration to dayfour_intake, dayfour_followup, dayfour_operator;
    end if;
end $$;
