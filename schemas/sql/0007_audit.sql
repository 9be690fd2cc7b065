-- The audit as a chain: each entry is sealed with a hash over itself and over the seal before it, so that one taken
-- out, changed or moved later shows (`dayfour audit verify`, which computes everything anew by itself).
--
-- Entries are written plain, and wait for nobody. Followup seals those committed, each second, in the order in which
-- it finds them: numbers are given out before transactions commit, so a gap means nothing, and an entry whose
-- transaction was still open is simply sealed later. The personal part of an entry (person_id, why, detail) enters by
-- a digest with a salt of its own. Both stay with the seal; without the salt nobody can try out what the digest is of,
-- so whoever erases a personal part takes the salt along and the chain stays whole.

-- Written by a trigger with the entry, taken out with its sealing.
create table audit.unsealed (
    entry_id bigint primary key
);

create table audit.seal (
    seal_no    bigint primary key,
    entry_id   bigint not null unique,
    sealed_at  timestamptz not null,
    salt       bytea,                     -- null: the personal part is erased, or the entry purged
    digest     bytea not null,            -- of salt and personal part
    entry_hash bytea not null,            -- of the other columns and the digest
    hash       bytea not null,            -- of the hash before, entry_hash, seal_no and sealed_at
    purged_at  timestamptz                -- the entry had been kept for long enough
);

-- The newest seal. Its lock is what sealing, erasure and purge wait for each other by.
create table audit.head (
    one     boolean primary key default true check (one),
    seal_no bigint not null,
    hash    bytea not null
);
insert into audit.head (seal_no, hash) values (0, decode(repeat('00', 32), 'hex'));

-- ---- sealing ----

-- A value for hashing: its length in bytes and itself, so that no two rows read alike; null is a dash.
create function audit.field(in_value text) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select coalesce(octet_length(convert_to(in_value, 'UTF8')) || ':' || in_value, '-')
$$;

create function audit.microseconds(in_at timestamptz) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select trunc(extract(epoch from in_at) * 1000000)::bigint::text
$$;

create function audit.queue() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into audit.unsealed (entry_id) select a.entry_id from added a;
    return null;
end $$;

insert into audit.unsealed (entry_id) select e.entry_id from audit.entry e;
create trigger entry_waits after insert on audit.entry
    referencing new table as added for each statement execute function audit.queue();

-- Seals at most in_max entries; gives how many, and the newest seal.
create function audit.seal(in_max int) returns table (sealed int, seal_no bigint, hash bytea)
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

-- ---- what may go ----

-- Nobody changes an entry. Its personal part may be taken out, once the salt of its digest is gone.
create or replace function audit.refuse() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if tg_op = 'DELETE' and audit.keep_until(old.at) < oh.now() then
        return old;
    end if;
    if tg_op = 'UPDATE' and new.person_id is null and new.why is null and new.detail is null
       and row(new.entry_id, new.at, new.who, new.what, new.organisation, new.xact, new.statement_at)
           is not distinct from
           row(old.entry_id, old.at, old.who, old.what, old.organisation, old.xact, old.statement_at)
       and not exists (select from audit.seal s where s.entry_id = old.entry_id and s.salt is not null) then
        return new;
    end if;
    raise exception 'audit entries are not changed' using errcode = 'insufficient_privilege';
end $$;

-- Takes a person out of the audit: that something was done, by whom and when, stays. Statements that name the person
-- go with the rest. Gives how many entries.
create function audit.erase(in_organisation text, in_person_id text) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    ids bigint[];
begin
    perform from audit.head h for update;
    ids := array(select e.entry_id from audit.entry e
                 where e.organisation = in_organisation and e.person_id = in_person_id
                    or strpos(e.detail ->> 'query', quote_literal(in_person_id)) > 0);
    update audit.seal s set salt = null where s.entry_id = any (ids);
    update audit.entry e set person_id = null, why = null, detail = null where e.entry_id = any (ids);
    perform audit.write('erase', null, in_organisation, null, jsonb_build_object('entries', cardinality(ids)));
    return cardinality(ids);
end $$;

-- The seal of an entry that has gone stays as long as there is an older one that stays: the chain has no hole. Of
-- those at the beginning the last one is kept, for the first of the rest to follow on from.
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

-- ---- rights ----

revoke all on all functions in schema audit from public;
grant create on schema audit to dayfour_audit_owner;
do $$
declare
    f regprocedure;
begin
    foreach f in array array['audit.field(text)', 'audit.microseconds(timestamptz)', 'audit.queue()',
                             'audit.seal(int)', 'audit.erase(text, text)']::regprocedure[]
    loop
        execute 'alter function ' || f || ' owner to dayfour_audit_owner';
    end loop;
end $$;
revoke create on schema audit from dayfour_audit_owner;

grant select, insert, delete on audit.unsealed to dayfour_audit_owner;
grant select, insert, delete, update (salt, purged_at) on audit.seal to dayfour_audit_owner;
grant select, update on audit.head to dayfour_audit_owner;
grant update (person_id, why, detail) on audit.entry to dayfour_audit_owner;
create policy erase on audit.entry for update to dayfour_audit_owner using (true) with check (true);

grant execute on function audit.seal(int) to dayfour_followup;
grant execute on function audit.erase(text, text) to dayfour_retention;
grant select on audit.seal, audit.head, audit.unsealed to dayfour_auditor;
-- For the days that an auditor names.
grant usage on schema oh to dayfour_auditor;
grant execute on function oh.time_zone() to dayfour_auditor;
