-- Finding people by name and number: the text of an index, and functions that normalise texts.
--
-- SQL functions with `return` are bound to their objects when they are made, so the planner can replace each call by
-- its body.

-- A text as it is compared: without accents, in lower case, words separated by spaces. Most names have no accents, and
-- skip the slow part.
create or replace function fact.folded(in_text text) returns text
language sql immutable parallel safe
return translate(
    case when octet_length(in_text) = length(in_text) then lower(left(in_text, 200))
         else replace(replace(replace(translate(
             lower(regexp_replace(normalize(left(in_text, 200), NFKD), '[\u0300-\u036f]', '', 'g')),
             'øłđðþ–—’', 'olddt--'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe')
    end,
    E'!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n\r''', '                                  ');
grant execute on function fact.folded(text) to dayfour_intake, dayfour_followup, dayfour_retention, dayfour_oh_owner,
    dayfour_find_owner;

-- The digits of a telephone number as dialled in the United Kingdom.
create or replace function fact.home_digits(in_digits text) returns text
language sql immutable parallel safe
return left(case when in_digits like '0044%' then '0' || ltrim(substr(in_digits, 5), '0')
                 when in_digits like '44%' and length(in_digits) between 12 and 13
                 then '0' || ltrim(substr(in_digits, 3), '0')
                 else in_digits
            end, 16);
grant execute on function fact.home_digits(text) to dayfour_intake, dayfour_followup, dayfour_retention,
    dayfour_oh_owner, dayfour_find_owner;

-- The same of a number as HR wrote it.
create or replace function fact.phone_digits(in_phone text) returns text
language sql immutable parallel safe
return fact.home_digits(regexp_replace(left(in_phone, 100), '[^0-9]', '', 'g'));
grant execute on function fact.phone_digits(text) to dayfour_intake, dayfour_followup, dayfour_retention,
    dayfour_oh_owner, dayfour_find_owner;

-- All lexemes of an organisation begin with this mark, so a search never reads those of another organisation.
create or replace function fact.find_mark(in_organisation text) returns text
language sql immutable parallel safe
return left(md5(in_organisation), 6);
grant execute on function fact.find_mark(text) to dayfour_intake, dayfour_followup, dayfour_retention,
    dayfour_find_owner;

-- Lexemes of a name: its words.
create or replace function fact.find_words(in_mark text, in_folded text) returns text[]
language sql immutable parallel safe
return string_to_array(in_mark || 'n' || replace(in_folded, ' ', ' ' || in_mark || 'n'), ' ');
grant execute on function fact.find_words(text, text) to dayfour_intake, dayfour_followup, dayfour_retention,
    dayfour_find_owner;

-- Lexemes of a number: every four adjacent digits. (The shorter rests at the end are of no use.)
create or replace function fact.find_digits(in_mark text, in_digits text) returns text[]
language sql immutable parallel safe
return array[in_mark || substr(in_digits, 1, 4), in_mark || substr(in_digits, 2, 4), in_mark || substr(in_digits, 3, 4),
             in_mark || substr(in_digits, 4, 4), in_mark || substr(in_digits, 5, 4), in_mark || substr(in_digits, 6, 4),
             in_mark || substr(in_digits, 7, 4), in_mark || substr(in_digits, 8, 4), in_mark || substr(in_digits, 9, 4),
             in_mark || substr(in_digits, 10, 4), in_mark || substr(in_digits, 11, 4),
             in_mark || substr(in_digits, 12, 4), in_mark || substr(in_digits, 13, 4)];
grant execute on function fact.find_digits(text, text) to dayfour_intake, dayfour_followup, dayfour_retention,
    dayfour_find_owner;

-- The lexemes that the index holds. It never fails, because intake stores whatever HR sends. It is in plpgsql, because
-- the planner never replaces such a call by its body. With SQL that would depend on the role that plans first, and an
-- index is used only for a condition with the same text.
create or replace function fact.find_vector(in_organisation text, in_name text, in_phone text) returns tsvector
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
begin
    return array_to_tsvector(array_remove(
        fact.find_words(fact.find_mark(in_organisation), fact.folded(in_name))
        || fact.find_digits(fact.find_mark(in_organisation), fact.phone_digits(in_phone)), null));
end $$;
grant execute on function fact.find_vector(text, text, text) to dayfour_intake, dayfour_followup, dayfour_retention,
    dayfour_find_owner;

create index if not exists person_contact_find on fact.person_contact
    using gin (fact.find_vector(organisation, name, phone));

revoke all on all functions in schema fact from public;
