-- Opting out as before, but a person who is purged between its two statements is there again: it is not lost.
create or replace function oh.opt(in_organisation text, in_person_id text, in_out boolean) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
    p fact.person;
    entry bigint;
    what text := case when in_out then 'opt_out' else 'opt_in' end;
begin
    if not exists (select from oh.sight v where v.organisation = in_organisation) then
        perform oh.refuse('OH001', 'no such organisation for you');
    end if;
    if in_person_id is null or octet_length(in_person_id) not between 1 and 100 then
        perform oh.refuse('22023', 'a person has 1 to 100 bytes');
    end if;
    loop
        insert into fact.person (organisation, person_id, revision) values (in_organisation, in_person_id, 1)
            on conflict do nothing;
        select x.* into p from fact.person x
            where x.organisation = in_organisation and x.person_id = in_person_id for update;
        exit when found;
    end loop;
    entry := audit.write(what, null, in_organisation, in_person_id, null);
    if coalesce(p.opted_out, false) = in_out and (not in_out or p.opt_on <= oh.today()) then
        return;
    end if;
    -- The latest counts by its time, and this is the latest.
    update fact.person x
    set opt_on = oh.today(), opted_out = in_out, opt_id = 'oh:' || entry, changed_at = oh.clock(),
        opt_time = greatest(oh.clock(), p.opt_time + interval '1 microsecond')
    where x.organisation = in_organisation and x.person_id = in_person_id;
    perform oh.wake(in_organisation, in_person_id, 0);
end $$;
