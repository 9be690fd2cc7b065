"""What the role that purges and erases may see and do, and what it does not get to see."""
from harness import NULL, Refused, case, equal, refused


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


@case
def an_opt_out_is_not_lost_to_a_purge(w):
    """The clinician's statement found the person, and waits; the purge deletes them."""
    person = w.person()
    w.root.run("begin")
    w.root.run(f"select 1 from fact.person where person_id = '{person}' for update")
    amy = w.at("amy")
    amy.send(f"select oh.opt_out('RW3', '{person}')")
    w.wait_for_lock(amy)
    w.root.run(f"delete from fact.person where person_id = '{person}'")
    w.root.run("commit")
    amy.collect()
    equal(w.root.run(f"select opted_out, opt_on from fact.person where person_id = '{person}'"), [("t", "2026-09-10")])
    spell = w.spell()
    w.root.run("begin")
    w.root.run(f"select 1 from fact.person where person_id = '{w.person_of(spell)}' for update")
    amy.send(f"select oh.record_contact('{spell}', 'declined')")
    w.wait_for_lock(amy)
    w.root.run(f"delete from casework.spell where spell_id = '{spell}'; commit")
    try:
        amy.collect()
    except Refused as error:
        equal(error.state, "OH001")
    equal(w.root.run("select 1 from fact.contact"), [], "nothing is entered about a case that has gone")
