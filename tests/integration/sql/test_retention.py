"""The rights of the role that purges and erases, and the data that it cannot see."""
from harness import NULL, Session, case, equal, refused


def keeper(w):
    w.cluster.login("ret", "retention")
    return w.at("ret")


def letter(w, offset, value, organisation=None):
    w.insert("intake.dead_letter", topic="t", partition=0, **{'"offset"': offset}, reason="not_json", size=len(value),
             value="\\x" + value.encode().hex(), received_at="2026-09-09T10:00Z", organisation=organisation)


@case
def of_messages_set_aside_those_that_name_the_person(w):
    for offset, (value, organisation) in enumerate([
            ('{"data":{"person_id":"P-9"}}', None), ('{"data":{"person_id":"P-9"}}', "RW3"),
            ('{"data":{"person_id":"P-9"}}', "XX9"), ('{"data":{"person_id":"P-99"}}', "RW3"), ("P-9", "RW3"),
            ('{"person_id": "P-9', "RW3")]):
        letter(w, offset, value, organisation)
    got = keeper(w).run("select \"offset\", convert_from(value, 'UTF8') from ops.letters_about('RW3', 'P-9')")
    equal([row[0] for row in got], ["0", "1"])
    equal(got[0][1], '{"data":{"person_id":"P-9"}}')
    refused("42501", keeper(w), "select value from intake.dead_letter")
    refused("42501", keeper(w), "select key from intake.dead_letter")
    letter(w, 9, '{"person_id":"O\'Shea \\"x\\""}', "RW3")
    equal(keeper(w).column("select \"offset\" from ops.letters_about('RW3', 'O''Shea \"x\"')"), ["9"])


@case
def of_the_audit_what_is_about_the_person(w):
    for what, organisation, person, detail in [("a", "RW3", "P-9", None), ("b", "XX9", "P-9", None),
                                               ("c", "RW3", "P-99", None),
                                               ("d", None, None, '{"query": "select 1 where person_id = \'P-9\'"}'),
                                               ("e", None, None, '{"query": "select 1 where person_id = \'P-99\'"}')]:
        w.insert("audit.entry", at="2026-09-09T10:00Z", what=what, organisation=organisation, person_id=person,
                 detail=detail)
    equal(keeper(w).column("select what from audit.about('RW3', 'P-9')"), ["a", "d"])
    refused("42501", keeper(w), "select 1 from audit.entry")


@case
def audit_entries_go_oldest_first_so_many_at_once(w):
    w.root.run("insert into audit.entry (at, what) select oh.now() - interval '9 years', 'old' from generate_series(1, 5)")
    w.root.run("insert into audit.entry (at, what) values (oh.now() - interval '7 years', 'young')")
    equal(keeper(w).value("select audit.purgeable()"), "5")
    equal([keeper(w).value("select audit.purge_oldest(2)") for _ in range(4)], ["2", "2", "1", "0"])
    equal(w.root.run("select what, count(*) from audit.entry where what in ('old', 'young') group by 1"),
          [("young", "1")])
    equal(w.root.run("select who, detail ->> 'audit_entries' from audit.entry where what = 'purge' order by entry_id"),
          [(w.role("ret"), n) for n in ("2", "2", "1")])


@case
def marking_somebody_for_erasure_is_signed(w):
    ret = keeper(w)
    ret.run("insert into fact.erasure (organisation, person_id, asked_at, why) values ('RW3', 'P-9', oh.now(), 'r')")
    equal(w.root.run("select asked_by, withdrawn_at from fact.erasure"), [(w.role("ret"), NULL)])
    refused("42501", ret, "insert into fact.erasure (organisation, person_id, asked_at, why, asked_by)"
                          " values ('RW3', 'P-8', oh.now(), 'r', 'amy')")
    refused("42501", ret, "update fact.erasure set withdrawn_at = oh.now()")
    w.cluster.login("fol", "followup")
    followup = w.at("fol")
    followup.run("update fact.erasure set withdrawn_at = '2026-09-10T12:00Z'")
    refused("42501", followup, "delete from fact.erasure")
    refused("42501", w.at("amy"), "select 1 from fact.erasure")


def in_flight(w, statement):
    """Amy's transaction, which is to be committed later."""
    amy = w.at("amy")
    amy.run("begin")
    amy.run(statement)
    return amy


def gone(w, person):
    """As a purge or an erasure leaves it."""
    for table in ("fact.person", "fact.absence", "fact.person_contact", "fact.contact", "casework.spell"):
        keeper(w).run(f"delete from {table} where person_id = '{person}'")


@case
def an_opt_out_is_not_lost_to_a_purge(w):
    """Nor is the purge held up by it."""
    person = w.person()
    amy = in_flight(w, f"select oh.opt_out('RW3', '{person}')")
    gone(w, person)
    equal(w.take_up(), [])
    amy.run("commit")
    equal(w.take_up(), [person])
    equal(w.root.run(f"select opted_out, opt_on, revision from fact.person where person_id = '{person}'"),
          [("t", "2026-09-10", "1")])


@case
def an_entry_that_commits_after_a_purge_goes_too(w):
    spell = w.spell()
    person = w.person_of(spell)
    amy = in_flight(w, f"select oh.record_contact('{spell}', 'declined')")
    gone(w, person)
    amy.run("commit")
    equal(w.root.value(f"select count(*) from fact.contact where person_id = '{person}'"), "1")
    equal(w.take_up(), [person])
    for table in ("fact.contact", "followup.wake_up"):
        equal(w.root.run(f"select 1 from {table} where person_id = '{person}'"), [], table)
    equal(w.root.run(f"select revision, contacts from fact.person where person_id = '{person}'"), [("1", "0")],
          "there was something to lock; the next purge takes it")
    equal(w.root.run("select organisation, person_id, detail from audit.entry where what = 'entry_dropped'"),
          [("RW3", NULL, NULL)])
    refused("OH001", amy, f"select oh.record_contact('{spell}', 'declined')")


@case
def it_goes_too_where_the_person_is_remembered(w):
    spell = w.spell()
    person = w.person_of(spell)
    w.at("amy").run(f"select oh.opt_out('RW3', '{person}')")
    w.take_up()
    amy = in_flight(w, f"select oh.record_contact('{spell}', 'declined')")
    for table in ("fact.absence", "casework.spell"):
        keeper(w).run(f"delete from {table} where person_id = '{person}'")
    amy.run("commit")
    equal(w.take_up(), [person])
    equal(w.root.run(f"select opted_out, contacts, revision from fact.person where person_id = '{person}'"),
          [("t", "0", "3")])
    equal(w.root.run(f"select 1 from fact.contact where person_id = '{person}'"), [])


@case
def an_entry_about_a_record_that_moved_stays(w):
    spell = w.spell()
    person, other = w.person_of(spell), w.person()
    amy = in_flight(w, f"select oh.record_contact('{spell}', 'declined')")
    w.root.run(f"update fact.absence set person_id = '{other}' where person_id = '{person}'")
    w.root.run(f"delete from fact.person where person_id = '{person}'; delete from casework.spell where person_id = '{person}'")
    amy.run("commit")
    equal(w.take_up(), [person])
    equal(w.root.run(f"select contacts from fact.person where person_id = '{person}'"), [("1",)])


@case
def a_retraction_that_commits_after_a_purge_is_nothing(w):
    spell = w.spell()
    person = w.person_of(spell)
    w.at("amy").run(f"select oh.record_contact('{spell}', 'declined')")
    w.take_up()
    amy = in_flight(w, f"select oh.retract({w.fact(spell)['entry_id']}, 'a mistake')")
    gone(w, person)
    amy.run("commit")
    equal(w.take_up(), [person])
    for table in ("fact.contact", "fact.retraction", "followup.wake_up"):
        equal(w.root.run(f"select 1 from {table} where person_id = '{person}'"), [], table)


@case
def whom_somebody_works_on_keeps_the_wake_up(w):
    spell = w.spell()
    person = w.person_of(spell)
    w.at("amy").run(f"select oh.claim('{spell}')")
    other = Session(w.cluster.words, dbname=w.dbname)
    other.run("begin")
    other.run(f"select 1 from fact.person where person_id = '{person}' for update")
    equal(w.take_up(), [])
    equal(w.root.value(f"select count(*) from followup.wake_up where person_id = '{person}'"), "1")
    other.run("commit")
    equal(w.take_up(), [person])
    # Intake is about to add the very person who opts out.
    w.at("amy").run("select oh.opt_out('RW3', 'P-new')")
    other.run("begin")
    other.run("insert into fact.person (organisation, person_id, revision) values ('RW3', 'P-new', 1)")
    equal(w.take_up(), [])
    other.run("commit")
    equal(w.take_up(), ["P-new"])
    equal(w.root.run("select opted_out, revision from fact.person where person_id = 'P-new'"), [("t", "2")])
    other.close()


@case
def people_are_taken_oldest_first_and_by_shard(w):
    people = [w.person() for _ in range(20)]
    for person in people:
        w.at("amy").run(f"select oh.opt_out('RW3', '{person}')")
    equal(sorted(w.take_up(3)), sorted(people[:3]))
    first = w.root.column("select person_id from followup.take_wake_ups(100, 2, 0, oh.now())")
    second = w.root.column("select person_id from followup.take_wake_ups(100, 2, 1, oh.now())")
    equal((sorted(first + second), bool(first), bool(second)), (sorted(people[3:]), True, True))
