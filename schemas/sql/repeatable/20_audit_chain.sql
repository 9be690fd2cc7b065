-- The chain of seals: sealing, erasing and purging. Each locks audit.head first, so they wait for one another.
-- schemas/sql/0008_audit.sql describes the chain; services/cli/audit/chain.c computes it independently.

grant create on schema audit to dayfour_audit_owner;
set local role dayfour_audit_owner;

-- A value for hashing: its length in bytes and the value, so that no two rows give the same text. Null is a dash.
create or replace function audit.field(in_value text) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select coalesce(octet_length(convert_to(in_value, 'UTF8')) || ':' || in_value, '-')
$$;

-- An instant for hashing: microseconds since 1970.
create or replace function audit.microseconds(in_at timestamptz) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select trunc(extract(epoch from in_at) * 1000000)::bigint::text
$$;

-- Notes new entries as unsealed.
create or replace function audit.queue() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into audit.unsealed (entry_id) select a.entry_id from added a;
    return null;
end $$;

-- Adds up readings, then seals at most in_max entries; gives how many, and the newest seal.
create or replace function audit.seal(in_max int) returns table (sealed int, seal_no bigint, hash bytea)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    head audit.head;
    e audit.entry;
    salt bytea;
    digest bytea;
    entry_hash bytea;
    at timestamptz;
    taken bigint[] := '{}';
begin
    select h.* into strict head from audit.head h for update;
    perform audit.fold(10000);
    at := oh.clock();
    for e in select x.* from audit.entry x join audit.unsealed u using (entry_id)
             where not exists (select from audit.seal s where s.entry_id = x.entry_id)
             order by x.entry_id limit in_max
    loop
        salt := uuid_send(gen_random_uuid());
        digest := sha256(salt || convert_to(
            audit.field(e.person_id) || audit.field(e.why) || audit.field(e.detail::text), 'UTF8'));
        entry_hash := sha256(convert_to(
            audit.field(e.entry_id::text) || audit.field(audit.microseconds(e.at)) || audit.field(e.who)
            || audit.field(e.what) || audit.field(e.organisation) || audit.field(e.xact::text)
            || audit.field(audit.microseconds(e.statement_at)), 'UTF8') || digest);
        head.seal_no := head.seal_no + 1;
        head.hash := sha256(head.hash || entry_hash || convert_to(
            audit.field(head.seal_no::text) || audit.field(audit.microseconds(at)), 'UTF8'));
        insert into audit.seal (seal_no, entry_id, sealed_at, salt, digest, entry_hash, hash)
        values (head.seal_no, e.entry_id, at, salt, digest, entry_hash, head.hash);
        taken := taken || e.entry_id;
    end loop;
    if cardinality(taken) > 0 then
        delete from audit.unsealed u where u.entry_id = any (taken);
        update audit.head h set seal_no = head.seal_no, hash = head.hash;
    end if;
    return query select cardinality(taken), head.seal_no, head.hash;
end $$;
grant execute on function audit.seal(int) to dayfour_followup;

-- Removes a person from the audit: the entries stay, without person, reason and detail, and their salts are deleted.
-- Gives how many entries. Readings of the person that are not entries yet are deleted.
create or replace function audit.erase(in_organisation text, in_person_id text) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    ids bigint[];
begin
    perform from audit.head h for update;
    delete from audit.reading r where r.organisation = in_organisation and r.person_id = in_person_id;
    delete from audit.reader_day d where d.organisation = in_organisation and d.person_id = in_person_id;
    ids := array(select e.entry_id from audit.entry e
                 where e.organisation = in_organisation and e.person_id = in_person_id
                    or strpos(e.detail ->> 'query', quote_literal(in_person_id)) > 0);
    update audit.seal s set salt = null where s.entry_id = any (ids);
    update audit.entry e set person_id = null, why = null, detail = null where e.entry_id = any (ids);
    perform audit.write('erase', null, in_organisation, null, jsonb_build_object('entries', cardinality(ids)));
    return cardinality(ids);
end $$;
grant execute on function audit.erase(text, text) to dayfour_retention;

-- How many entries may be purged.
create or replace function audit.purgeable() returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select count(*) from audit.entry e
    where e.at < oh.now() - (audit.keep_until('epoch') - 'epoch'::timestamptz)
$$;
grant execute on function audit.purgeable() to dayfour_retention;

-- As audit.purge(), but at most in_max entries, so that sealing never waits for long. Gives how many.
create or replace function audit.purge_oldest(in_max int) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    ids bigint[];
    first_kept bigint;
begin
    -- Found before the lock is taken: the last call reads all entries and finds none, which may take long.
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
grant execute on function audit.purge_oldest(int) to dayfour_retention;

-- Deletes all entries that were kept for long enough; gives how many. The seal of a purged entry stays while there is
-- an older seal whose entry stays, so the chain has no gap. The last of the purged seals at the beginning stays, too:
-- the first seal of the rest contains its hash.
create or replace function audit.purge() returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    ids bigint[];
    first_kept bigint;
begin
    perform from audit.head h for update;
    with gone as (
        delete from audit.entry e where e.at < oh.now() - (audit.keep_until('epoch') - 'epoch'::timestamptz)
        returning e.entry_id)
    select coalesce(array_agg(g.entry_id), '{}') into ids from gone g;
    delete from audit.unsealed u where u.entry_id = any (ids);
    update audit.seal s set salt = null, purged_at = oh.clock() where s.entry_id = any (ids);
    first_kept := coalesce((select min(s.seal_no) from audit.seal s where s.purged_at is null),
                           (select h.seal_no + 1 from audit.head h));
    delete from audit.seal s where s.seal_no < first_kept - 1;
    perform audit.write('purge', null, null, null, jsonb_build_object('entries', cardinality(ids)));
    return cardinality(ids);
end $$;
grant execute on function audit.purge() to dayfour_retention;

reset role;

create or replace trigger entry_waits after insert on audit.entry
    referencing new table as added for each statement execute function audit.queue();

revoke create on schema audit from dayfour_audit_owner;
revoke all on all functions in schema audit from public;
