-- Finding a case by name, staff number or telephone number. dayfour_find_owner owns oh.found() and nothing else: it
-- reads the index of all organisations, and oh.find() leaves out the people whom the login does not see. With row-level
-- security PostgreSQL would not use the index.

grant create on schema oh to dayfour_find_owner;
grant create on schema oh to dayfour_oh_owner;
set local role dayfour_find_owner;

-- At most in_most people of these organisations whom the words or digits fit. Words and digits are normalised.
create or replace function oh.found(in_organisations text[], in_words text[], in_digits text, in_most int)
returns table (organisation text, person_id text)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_indexscan = off set jit = off as $$
#variable_conflict use_column
declare
    by_name  text;
    by_phone text;
begin
    select string_agg('(' || (select string_agg('''' || m.mark || 'n' || w || ''':*', ' & ') from unnest(in_words) w) || ')',
                      ' | '),
           string_agg('(' || (select string_agg('''' || m.mark || substr(in_digits, i, 4) || '''', ' & ')
                              from generate_series(1, length(in_digits) - 3) i) || ')', ' | ')
    into by_name, by_phone
    from (select fact.find_mark(o) as mark from unnest(in_organisations) o) m;
    return query
    select distinct x.organisation, x.person_id
    from (select c.organisation, c.person_id from fact.person_contact c
          where fact.find_vector(c.organisation, c.name, c.phone) @@ concat_ws(' | ', by_name, by_phone)::tsquery
            and c.organisation || '' = any (in_organisations)  -- keeps the index on organisation out of the plan
            and (by_phone is null or length(in_digits) = 4 or strpos(fact.phone_digits(c.phone), in_digits) > 0
                 or fact.find_vector(c.organisation, c.name, null) @@ by_name::tsquery)
          limit in_most) x;
end $$;

reset role;
grant execute on function oh.found(text[], text[], text, int) to dayfour_oh_owner;

set local role dayfour_oh_owner;

-- Finds cases by the beginnings of words of the name, a whole staff number, or four digits or more of the telephone
-- number. Case and accents do not matter. Under 3 characters: 22023. It gives at most 20 cases that are open or ended
-- in the last 12 months, open ones first, then the newest. If nobody fits, or only people whom the login does not see,
-- it gives no rows and takes the same time. If more than 2,000 people fit, it looks at 2,000 only. Audit: one entry
-- `search`, and a reading of each person shown.
create or replace function oh.find("text" text)
returns table (
    task_id        text,
    name           text,
    staff_no_end   text,        -- its last four characters; of a short one fewer
    organisation   text, queue text,
    state          text, end_reason text, case_closed boolean,
    onset_date     date, last_day date, act_by date,
    assigned_to    text, assigned_name text, is_mine boolean,
    more           boolean)     -- there are more than 20
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set jit = off set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
    began timestamptz := clock_timestamp();
    wanted text := btrim(find."text");
    words text[];
    digits text := '';
    orgs text[] := oh.my_organisations();
    tasks text[];
begin
    if wanted is null or char_length(wanted) < 3 then
        perform oh.refuse('22023', 'at least 3 characters are needed');
    end if;
    wanted := regexp_replace(left(wanted, 200), '^\+', '00');
    words := array(select left(w, 40) from regexp_split_to_table(fact.folded(wanted), '[^[:alnum:]]+') w where w <> '' limit 6);
    if wanted !~ '[[:alpha:]]' and length(fact.phone_digits(wanted)) >= 4 then
        digits := fact.phone_digits(wanted);
    end if;
    tasks := array(
        select s.spell_id
        from (select f.organisation, f.person_id from oh.found(orgs, words, digits, 2000) f
              where cardinality(words) > 0
              union
              select o, wanted from unnest(orgs) o
              union
              select o, upper(wanted) from unnest(orgs) o) p
        join casework.spell s on s.organisation = p.organisation and s.person_id = p.person_id
        where not s.tombstone
          and (s.state <> 'ended' or s.last_day is null
               or s.last_day >= ((select oh.today()) - interval '12 months')::date)
        order by s.state = 'ended', s.onset_date desc, s.spell_id limit 21);
    perform audit.note_shown('search', 'oh.find', null, tasks[:20]);
    return query
    with x as materialized (
        select t.*, u.n, audit.note_person('oh.find', (select oh.now()), (select oh.day_began()), t.organisation,
                                           t.person_id, false)
        from unnest(tasks[:20]) with ordinality u(task_id, n) join oh.task_row t on t.task_id = u.task_id
    )
    select x.task_id, x.name,
           ltrim(right(x.person_id, case when length(x.person_id) > 4 then 4 else greatest(length(x.person_id) - 2, 1) end),
                 '-./_ '),
           x.organisation, x.queue, x.state, x.end_reason, x.case_closed,
           x.onset_date, x.last_day, x.act_by, x.assigned_to, x.assigned_name,
           coalesce(x.assigned_to = session_user, false), cardinality(tasks) > 20
    from x order by x.n;
    -- The time must not disclose whether a person was left out.
    perform pg_sleep(extract(epoch from began + interval '20 ms' - clock_timestamp()));
end $$;
grant execute on function oh.find(text) to dayfour_clinician, dayfour_oh_admin;

-- At most two tasks of the login whose ids begin like this, for a login that types a part of an id. Not audited.
create or replace function oh.task_ids(beginning text) returns table (task_id text)
language sql stable security definer rows 2 set search_path = pg_catalog, pg_temp as $$
    select s.spell_id from casework.spell s
    where s.spell_id >= $1 and s.spell_id < $1 || '~' order by s.spell_id limit 2
$$;
grant execute on function oh.task_ids(text) to dayfour_clinician, dayfour_oh_admin;

-- The tasks of a person that the login sees, newest first. Not audited: oh.open_case() follows.
create or replace function oh.tasks_of(organisation text, person_id text) returns table (task_id text)
language sql stable security definer rows 2 set search_path = pg_catalog, pg_temp as $$
    select s.spell_id from casework.spell s
    where s.organisation = $1 and s.person_id = $2 order by s.tombstone, s.onset_date desc, s.spell_id
$$;
grant execute on function oh.tasks_of(text, text) to dayfour_clinician, dayfour_oh_admin;

reset role;

revoke create on schema oh from dayfour_find_owner;
revoke create on schema oh from dayfour_oh_owner;
revoke all on all functions in schema oh from public;
