-- Which counts are withheld, so that no count under 5 can be found out.

grant create on schema report to dayfour_report_owner;
set local role dayfour_report_owner;

-- Which of several counts are withheld, if their sum is known. Counts under 5 are. If these could be found, or nearly,
-- from the others, more are withheld, from the last to the second. In the end each count under 5 could be anything from
-- 0 to 4. The order is fixed: if it went by size, a withheld count would be known not to exceed any shown one. The
-- first is shown if it and the rest are at least 5.
create or replace function report.hidden(in_counts int[]) returns boolean[]
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
    hidden boolean[] := array(select c < 5 from unnest(in_counts) with ordinality u(c, i) order by i);
    everybody int := (select sum(c) from unnest(in_counts) c);
    total int;
    small int;
    large int;
    next int;
begin
    if everybody - in_counts[1] < 5 then
        return array_fill(true, array[cardinality(in_counts)]);
    end if;
    loop
        select coalesce(sum(c), 0), count(*) filter (where c < 5), count(*) filter (where c >= 5)
        into total, small, large
        from unnest(in_counts, hidden) u(c, h) where h;
        exit when small + large = 0
               or large > 0 and total >= 5 * large + 4
               or large = 0 and total between 5 and 4 * (small - 1);
        select max(i) into next from unnest(hidden) with ordinality u(h, i) where not h and i > 1;
        exit when next is null;
        hidden[next] := true;
    end loop;
    return hidden;
end $$;

-- As report.hidden(), for counts of which none is special. It withholds counts under 5, and then more, from the last on,
-- until each count under 5 could be anything from 0 to 4.
create or replace function report.covered(in_counts int[]) returns boolean[]
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
    hidden boolean[] := array(select c < 5 from unnest(in_counts) with ordinality u(c, i) order by i);
    total int;
    small int;
    large int;
    next int;
begin
    loop
        select coalesce(sum(c), 0), count(*) filter (where c < 5), count(*) filter (where c >= 5)
        into total, small, large
        from unnest(in_counts, hidden) u(c, h) where h;
        exit when small + large = 0
               or large > 0 and total >= 5 * large + 4
               or large = 0 and total between 5 and 4 * (small - 1);
        select max(i) into next from unnest(hidden) with ordinality u(h, i) where not h;
        exit when next is null;
        hidden[next] := true;
    end loop;
    return hidden;
end $$;

-- Whether a part of a whole may be shown: at least 5 are in it and at least 5 are not.
create or replace function report.shows(in_part int, in_whole int) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select in_part >= 5 and in_whole - in_part >= 5
$$;

-- A percentage with one decimal.
create or replace function report.percent(in_part numeric, in_whole numeric) returns numeric
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select round(100 * in_part / nullif(in_whole, 0), 1)
$$;

-- A cell of report.cells() as it may be shown. c: its atoms.
create or replace function report.shown(c int[], in_days int[], in_fit boolean[], in_fte_days numeric)
returns report.measure
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
    m report.measure;
    n int := (select sum(x) from unnest(c[1:7]) x);
    h boolean[];
    outcomes int[] := c[12:16];
    others int := c[1] + c[2] + c[3] + c[4] - (select sum(x) from unnest(c[12:16]) x);
    apart int := 0;  -- of those kept apart, what is shown
    ended int;
begin
    if n is null or n < 5 then
        return m;
    end if;
    h := report.hidden(c[1:7]);
    m.spells := n;
    m.fte_days_lost := in_fte_days;
    for i in 3..7 loop
        apart := apart + case when h[i] then 0 else c[i] end;
    end loop;
    m.missed := case when not h[2] then c[2] end;
    m.late_report := case when not h[3] then c[3] end;
    m.reason_late := case when not h[4] then c[4] end;
    m.opted_out := case when not h[5] then c[5] end;
    m.left_employment := case when not h[6] then c[6] end;
    m.no_contact_due := case when not h[7] then c[7] end;
    if not h[1] then
        m.in_target := c[1];
        m.in_target_raw_percent := report.percent(c[1], n);
        m.in_target_achievable_at_least := trunc(100.0 * c[1] / (n - apart), 1);
        if not h[2] then
            m.achievable := c[1] + c[2];
            m.in_target_achievable_percent := report.percent(c[1], m.achievable);
        end if;
        -- Spells without an attempt are not among the late ones: the remainder must not be a small count.
        if c[8] >= 5
           and n - c[1] - c[8] - (case when h[3] then 0 else c[3] end) - (case when h[4] then 0 else c[4] end) >= 5
        then
            m.attempted_in_target := c[1] + c[8];
            m.attempted_percent := report.percent(m.attempted_in_target, n);
        end if;
    elsif n - c[1] < 5 then
        m.in_target_achievable_at_least := trunc(100.0 * (n - 4) / n, 1);
    end if;
    m.in_target_raw_at_least := coalesce(m.in_target_raw_percent, m.in_target_achievable_at_least);
    m.in_target_achievable_at_least := coalesce(m.in_target_achievable_percent, m.in_target_achievable_at_least);
    m.days_to_contact_median := case when in_fit[1] then in_days[1] end;
    m.days_to_contact_p90 := case when in_fit[2] then in_days[2] end;
    m.notice_to_contact_median := case when in_fit[3] then in_days[3] end;
    m.notice_to_contact_p90 := case when in_fit[4] then in_days[4] end;
    m.report_lag_median := case when in_fit[5] then in_days[5] end;
    m.report_lag_p90 := case when in_fit[6] then in_days[6] end;
    m.duration_median := case when in_fit[7] then in_days[7] end;
    -- In time every month has only ended spells, which discloses nobody. Until then ended spells include most people
    -- who left, and all who returned before a contact was due. So the other ended spells must not be few.
    ended := c[9] - (case when h[6] then 0 else c[6] end) - (case when h[7] then 0 else c[7] end);
    if c[9] = n or report.shows(c[9], n) and ended >= 5 then
        m.closed := c[9];
        if report.shows(c[10], c[9]) then
            m.relapsed := c[10];
            m.relapse_percent := report.percent(c[10], c[9]);
        end if;
    end if;
    if report.shows(c[11], n - (case when h[7] then 0 else c[7] end)) then
        m.long_term := c[11];
        m.long_term_percent := report.percent(c[11], n);
    end if;
    -- Outcomes; the last count is that without an outcome, which is the remainder. An outcome that nearly all
    -- achievable spells have would disclose the few others. If all are shown, their sum less those in target is the
    -- count of late contacts.
    h := array(select x < 5 or m.achievable - x between 0 and 4
               from unnest(outcomes) with ordinality u(x, i) order by i);
    h := array(select coalesce(y, false) from unnest(h) with ordinality u(y, i) order by i);
    if not (true = any (h)) and (select sum(x) from unnest(outcomes) x) - c[1] between -4 and 4 then
        h[5] := true;
    end if;
    while others + (select coalesce(sum(x), 0) from unnest(outcomes, h) u(x, y) where y) < 5 and false = any (h) loop
        h[(select max(i) from unnest(h) with ordinality u(y, i) where not y)] := true;
    end loop;
    m.fast_track_treatment := case when not h[1] then outcomes[1] end;
    m.self_management_advice := case when not h[2] then outcomes[2] end;
    m.onward_referral := case when not h[3] then outcomes[3] end;
    m.no_action_needed := case when not h[4] then outcomes[4] end;
    m.declined := case when not h[5] then outcomes[5] end;
    return m;
end $$;

reset role;

revoke create on schema report from dayfour_report_owner;
revoke all on all functions in schema report from public;
