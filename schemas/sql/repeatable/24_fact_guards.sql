-- Functions by which a batch finds out that its case data has changed meanwhile, and the memory of purged records.

grant create on schema casework, fact to dayfour_ops_owner;
set local role dayfour_ops_owner;

-- The last statement of every batch: CT003 if settings or calendars were loaded since the batch derived its cases. The
-- share lock stays until the commit, and a load waits for it. Locking the row needs a right to update it, which only
-- the function's owner has: a login that could lock it would delay every batch.
create or replace function fact.check_ruleset(in_serial int) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    in_force int;
begin
    select r.serial into strict in_force from fact.ruleset r for share;
    if in_force <> in_serial then
        raise exception 'settings or calendars were loaded meanwhile' using errcode = 'CT003';
    end if;
end $$;
grant execute on function fact.check_ruleset(int) to dayfour_intake, dayfour_followup, dayfour_retention;

reset role;

-- CT002 if a guarded write found fewer rows than expected: another transaction has changed the same people.
create or replace function fact.check_count(in_found bigint, in_expected bigint) returns void
language plpgsql set search_path = pg_catalog as $$
begin
    if in_found <> in_expected then
        raise exception '% of % people were as they had been read', in_found, in_expected using errcode = 'CT002';
    end if;
end $$;
grant execute on function fact.check_count(bigint, bigint) to dayfour_intake, dayfour_followup;

set local role dayfour_ops_owner;

-- The first 16 bytes of an HMAC-SHA256 with the installation's key, as common/casefile/gone.c computes it. 54 and 92
-- are the inner and outer pad of HMAC, 0x36 and 0x5c.
create or replace function fact.gone_digest(in_organisation text, in_source text, in_absence_id text) returns bytea
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    key bytea;
    inner_pad bytea := decode(repeat('36', 64), 'hex');
    outer_pad bytea := decode(repeat('5c', 64), 'hex');
begin
    select k.key into strict key from fact.install_key k;
    for i in 0 .. octet_length(key) - 1 loop
        inner_pad := set_byte(inner_pad, i, get_byte(key, i) # 54);
        outer_pad := set_byte(outer_pad, i, get_byte(key, i) # 92);
    end loop;
    return substr(sha256(outer_pad || sha256(inner_pad || convert_to(
        concat_ws(E'\x1f', 'gone', in_organisation, in_source, in_absence_id), 'UTF8'))), 1, 16);
end $$;

-- Remembers purged records that were gone for HR; the arrays are in step. It leaves out records whose month ended more
-- than in_days before in_today: these are no longer kept.
create or replace function fact.remember_gone(in_organisations text[], in_sources text[], in_absence_ids text[],
                                              in_gone_at timestamptz[], in_days int, in_today date) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    insert into fact.gone (digest, gone_month)
    select fact.gone_digest(k.o, k.s, k.a), date_trunc('month', k.g at time zone 'UTC')::date
    from unnest(in_organisations, in_sources, in_absence_ids, in_gone_at) as k (o, s, a, g)
    where (date_trunc('month', k.g at time zone 'UTC') + interval '1 month')::date + in_days >= in_today
    on conflict (digest) do nothing
$$;
grant execute on function fact.remember_gone(text[], text[], text[], timestamptz[], int, date) to dayfour_retention;

-- Forgets erased records.
create or replace function fact.erase_gone(in_organisations text[], in_sources text[], in_absence_ids text[])
returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    delete from fact.gone d using (select fact.gone_digest(k.o, k.s, k.a) as digest
                                   from unnest(in_organisations, in_sources, in_absence_ids) as k (o, s, a)) x
    where d.digest = x.digest
$$;
grant execute on function fact.erase_gone(text[], text[], text[]) to dayfour_retention;

-- A deleted person is no longer set aside. The trigger is for deletions only, so that other writes cost nothing more.
create or replace function casework.forget_set_aside() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    delete from casework.set_aside s where s.organisation = old.organisation and s.person_id = old.person_id;
    return null;
end $$;

reset role;

create or replace trigger forget_set_aside after delete on fact.person
    for each row execute function casework.forget_set_aside();

revoke create on schema casework, fact from dayfour_ops_owner;
revoke all on all functions in schema casework, fact from public;
