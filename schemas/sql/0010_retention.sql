-- What purging and erasing take: who is to be erased, the audit piece by piece, and the rights of dayfour_retention.

-- Somebody whose case is not settled is erased in two steps: what was told is taken back first, which followup does.
create table fact.erasure (
    organisation text collate "C" not null,
    person_id    text collate "C" not null,
    asked_at     timestamptz not null,
    asked_by     text not null default session_user,
    why          text not null,
    withdrawn_at timestamptz,             -- all that stood is taken back: the rest may go
    primary key (organisation, person_id)
);

-- ---- the audit ----

create function audit.purgeable() returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select count(*) from audit.entry e
    where e.at < oh.now() - (audit.keep_until('epoch') - 'epoch'::timestamptz)
$$;

-- As audit.purge(), but at most so many, so that sealing never waits for long. Gives how many.
create function audit.purge_oldest(in_max int) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    ids bigint[];
    first_kept bigint;
begin
    -- Looked for before the lock: when there are none left, all have been looked at.
    ids := array(select e.entry_id from audit.entry e
                 where e.at < oh.now() - (audit.keep_until('epoch') - 'epoch'::timestamptz)
                 order by e.entry_id limit in_max);
    if cardinality(ids) = 0 then
        return 0;
    end if;
    perform from audit.head h for update;
    with gone as (delete from audit.entry e where e.entry_id = any (ids) returning e.entry_id)
    select coalesce(array_agg(g.entry_id), '{}') into ids from gone g;
    delete from audit.unsealed u where u.entry_id = any (ids);
    update audit.seal s set salt = null, purged_at = oh.clock() where s.entry_id = any (ids);
    first_kept := coalesce((select min(s.seal_no) from audit.seal s where s.purged_at is null),
                           (select h.seal_no + 1 from audit.head h));
    delete from audit.seal s where s.seal_no < first_kept - 1;
    perform audit.write('purge', null, null, null, jsonb_build_object('audit_entries', cardinality(ids)));
    return cardinality(ids);
end $$;

-- What was written down about one person: the entries that audit.erase would empty.
create function audit.about(in_organisation text, in_person_id text)
returns table (at timestamptz, who text, what text, why text, detail jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select e.at, e.who, e.what, e.why, e.detail from audit.entry e
    where e.organisation = in_organisation and e.person_id = in_person_id
       or strpos(e.detail ->> 'query', quote_literal(in_person_id)) > 0
    order by e.entry_id
$$;

-- ---- dead letters ----

-- Messages that could not be taken and name the person: as a string of JSON it stands like this. Where no organisation
-- could be read it may be anybody's. (Not a right to the table: that would be one to everybody's.)
create function ops.letters_about(in_organisation text, in_person_id text)
returns table (topic text, partition int, "offset" bigint, reason text, received_at timestamptz, value bytea)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select d.topic, d.partition, d."offset", d.reason, d.received_at, d.value from intake.dead_letter d
    where (d.organisation = in_organisation or d.organisation is null)
      and position(convert_to(to_json(in_person_id)::text, 'UTF8') in d.value) > 0
    order by d.received_at, d.topic, d.partition, d."offset"
$$;

-- ---- rights ----

revoke all on function audit.purgeable(), audit.purge_oldest(int), audit.about(text, text),
    ops.letters_about(text, text) from public;
grant create on schema audit to dayfour_audit_owner;
alter function audit.purgeable() owner to dayfour_audit_owner;
alter function audit.purge_oldest(int) owner to dayfour_audit_owner;
alter function audit.about(text, text) owner to dayfour_audit_owner;
revoke create on schema audit from dayfour_audit_owner;
grant create on schema ops to dayfour_ops_owner;
alter function ops.letters_about(text, text) owner to dayfour_ops_owner;
revoke create on schema ops from dayfour_ops_owner;
grant execute on function audit.purgeable(), audit.purge_oldest(int), audit.about(text, text),
    ops.letters_about(text, text) to dayfour_retention;

alter table fact.erasure enable row level security;
create policy service on fact.erasure to dayfour_followup, dayfour_retention using (true) with check (true);
grant select, update (withdrawn_at) on fact.erasure to dayfour_followup;
grant select, delete, insert (organisation, person_id, asked_at, why), update (why) on fact.erasure
    to dayfour_retention;

-- Calendars, because what must stay is derived; contact_hash, because contact details go before their record does.
grant select on fact.holiday to dayfour_retention;
grant update (contact_hash) on fact.absence to dayfour_retention;
grant select (organisation) on intake.dead_letter to dayfour_retention;
grant usage on schema report to dayfour_retention;
grant select, insert, update (letters) on report.letters_purged to dayfour_retention;
grant execute on function oh.time_zone() to dayfour_retention;
