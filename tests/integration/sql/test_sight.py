"""The rows that each login sees and may act on."""
from harness import case, equal, refused

VIEWS = ("task", "worklist", "spell", "event", "entry")


def make(w):
    """Makes one case for each of two organisations and queues; {(organisation, queue): spell}."""
    made = {}
    for organisation in ("RW3", "XX9"):
        for queue in ("physiotherapy", "mental-health"):
            spell = w.spell(organisation=organisation, queue=queue)
            w.emitted(spell, "contact-task.created", "2026-09-07T08:00Z", organisation=organisation)
            w.root.run("insert into fact.contact (organisation, person_id, pathway, kind, at, entered_at, by, outcome,"
                       " anchor_source, anchor_absence_id, record_sources, record_ids, record_codes)"
                       " select organisation, person_id, pathway, 0, '2026-09-08', '2026-09-08', 'x', 1,"
                       " anchor_source, anchor_absence_id, record_sources, record_ids, '{S12}' from casework.spell"
                       f" where spell_id = '{spell}'")
            made[organisation, queue] = spell
    return made


def seen(w, who, made):
    """The cases that each view shows; all views must agree."""
    of_id = {spell: key for key, spell in made.items()}
    found = {}
    for view in VIEWS:
        column = "task_id" if view in ("task", "worklist", "entry") else "spell_id"
        rows = w.at(who).column(f"select {column} from oh.{view}")
        found[view] = sorted(of_id[row] for row in rows if row in of_id)
    equal(len(set(map(str, found.values()))), 1, f"{who}: {found}")
    return found["task"]


@case
def rows_are_those_of_the_login(w):
    made = make(w)
    physio, mental = "physiotherapy", "mental-health"
    for who, wanted in (("amy", [("RW3", physio)]), ("mia", [("RW3", mental)]), ("xen", [("XX9", physio)]),
                        ("ada", [("RW3", mental), ("RW3", physio)]), ("nob", []),
                        ("two", [("RW3", physio), ("XX9", mental)])):
        equal(seen(w, who, made), wanted, who)


@case
def an_administrator_without_a_line_in_staff_sees_nothing(w):
    made = make(w)
    w.cluster.login("adm0", "oh_admin")
    equal(seen(w, "adm0", made), [])


@case
def a_superuser_sees_every_organisation(w):
    made = make(w)
    equal(sorted(w.root.column("select organisation || '/' || queue from oh.task where task_id in ("
                               + ", ".join(f"'{s}'" for s in made.values()) + ")")),
          sorted("/".join(k) for k in made))


@case
def a_line_in_staff_takes_effect_at_once(w):
    made = make(w)
    role = w.role("nob")
    equal(seen(w, "nob", made), [])
    w.root.run(f"insert into oh.staff values ('{role}', 'XX9', '{{mental-health}}')")
    equal(seen(w, "nob", made), [("XX9", "mental-health")])
    w.root.run(f"update oh.staff set queues = '{{}}' where login = '{role}'")
    equal(seen(w, "nob", made), [])
    w.root.run(f"delete from oh.staff where login = '{role}'")


@case
def nobody_acts_on_what_they_do_not_see(w):
    made = make(w)
    foreign = made["XX9", "physiotherapy"]
    other_queue = made["RW3", "mental-health"]
    calls = ["oh.claim('{}')", "oh.release('{}')", "oh.assign('{}', '" + w.role("amy") + "')",
             "oh.record_attempt('{}', 'no_answer')", "oh.record_contact('{}', 'declined')",
             "oh.close_case('{}', 'other')", "oh.reopen_case('{}')"]
    for call in calls:
        said = {refused("OH001", w.at("amy"), "select " + call.format(spell))
                for spell in (foreign, other_queue, "T-not-there")}
        equal(len(said), 1, f"{call}: not there and not yours are told alike")
        refused("OH001", w.at("nob"), "select " + call.format(foreign))
        refused("OH001", w.at("amy"), "select " + call.format("' || null || '"))
    for spell in (foreign, other_queue):
        entry = w.fact(spell)["entry_id"]
        refused("OH001", w.at("amy"), f"select oh.retract({entry}, 'not mine')")
        equal(w.root.value(f"select count(*) from fact.contact where person_id = '{w.person_of(spell)}'"), "1")
    refused("OH001", w.at("amy"), f"select oh.opt_out('XX9', '{w.person_of(foreign)}')")
    refused("OH001", w.at("amy"), f"select oh.opt_in('XX9', '{w.person_of(foreign)}')")
    refused("OH001", w.at("amy"), "select oh.opt_out(null, 'P-1')")
    refused("OH001", w.at("nob"), "select oh.opt_out('RW3', 'P-1')")


@case
def the_same_number_in_another_organisation_is_another_person(w):
    person = w.person(person="P-both")
    w.person("XX9", "P-both")
    w.record(person, "A-both-1")
    w.details(person, "A-both-1", name="Test Person 4")
    w.record(person, "A-both-2", organisation="XX9")
    w.details(person, "A-both-2", organisation="XX9", name="Test Person 5")
    mine = w.spell(person, records=[("/hr", "A-both-1")])
    theirs = w.spell(person, organisation="XX9", records=[("/hr", "A-both-2")])
    equal(w.at("amy").run("select task_id, name from oh.task where person_id = 'P-both'"), [(mine, "Test Person 4")])
    equal(w.at("xen").run("select task_id, name from oh.task where person_id = 'P-both'"),
          [(theirs, "Test Person 5")])
    w.at("amy").run("select oh.opt_out('RW3', 'P-both')")
    w.take_up()
    equal(w.root.column("select organisation from fact.person where person_id = 'P-both' and opted_out"), ["RW3"])


@case
def organisation_and_queue_are_not_run_together(w):
    # A name that ends as another's queue begins must not make up a pair.
    w.root.run(f"insert into oh.staff values ('{w.role('nob')}', 'AB', '{{C}}')")
    spell = w.spell(organisation="ABC")
    w.root.run(f"update casework.spell set queue = '' where spell_id = '{spell}'")
    equal(w.at("nob").column("select task_id from oh.task"), [])
    w.root.run(f"delete from oh.staff where login = '{w.role('nob')}'")
