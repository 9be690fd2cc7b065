"""The audit as a chain: every way of changing it afterwards is found, and what may go is not reported."""
import hashlib
import json

from harness import case, equal, holds


@case
def set_up(w):
    equal(w.run("migrate").code, 0)
    w.password = "test-pw-" + w.tag
    w.auditor = w.role("auditor")
    w.sql(f"create role {w.auditor} login password '{w.password}'")
    w.sql(f"grant dayfour_auditor to {w.auditor}")
    seal(w)


def auditor(w, *args):
    return w.run(*args, user=w.auditor, password=w.password)


def seal(w, most=100000):
    """As followup does each second. Gives how many."""
    return int(w.value(f"select sealed from audit.seal({most})"))


def write(w, what, person="P-1", why="because", organisation="RW3", detail='{"task_id": "T"}'):
    w.sql("insert into audit.entry (at, what, why, organisation, person_id, detail)"
          f" values (now(), '{what}', '{why}', '{organisation}', '{person}', '{detail}')")
    return int(w.value(f"select max(entry_id) from audit.entry where what = '{what}'"))


def fresh(w, n=6):
    """Some more sealed entries; the numbers of theirs."""
    ids = [write(w, f"test_{i}") for i in range(n)]
    seal(w)
    equal(auditor(w, "audit", "verify").code, 0, "the chain is whole before")
    return ids


def tampered(w, *statements, undo=()):
    """The output of verify after a superuser made that change; afterwards the change is undone."""
    tables = ("audit.entry", "audit.seal", "audit.unsealed", "audit.head")
    w.sql("; ".join(f"create table public.kept_{t[6:]} as table {t}" for t in tables))
    try:
        # With the triggers disabled, as somebody would who does not want to be seen.
        w.sql("; ".join(["begin", "set local session_replication_role = replica", *statements, "commit"]))
        ran = auditor(w, "audit", "verify", "--json")
        text = auditor(w, "audit", "verify")
        equal((ran.code, text.code), (1, 1), "it is found")
        found = ran.json()["faults"]
        for fault in found:
            about = f"entry {fault['entry_id']} " if fault["entry_id"] else f"seal {fault['seal_no']} "
            holds(about + fault["fault"] in text.out, text.out)
        holds(f"{len(found)} fault" in text.err, text.err)
        return [(f["entry_id"], f["seal_no"], f["fault"]) for f in found]
    finally:
        w.sql("; ".join(
            ["begin", "set local session_replication_role = replica", *(f"delete from {t}" for t in tables),
             "insert into audit.entry overriding system value table public.kept_entry",
             *(f"insert into {t} table public.kept_{t[6:]}" for t in tables[1:]),
             *(f"drop table public.kept_{t[6:]}" for t in tables), "commit"]))
        equal(auditor(w, "audit", "verify").code, 0, "and put right")


def seal_of(w, entry):
    return int(w.value(f"select seal_no from audit.seal where entry_id = {entry}"))


@case
def a_whole_chain(w):
    ids = fresh(w)
    ran = auditor(w, "audit", "verify")
    equal(ran.code, 0, ran.err)
    n = int(w.value("select count(*) from audit.entry"))
    holds(f"{n} entries in the chain, 0 of them erased; 0 purged" in ran.out, ran.out)
    found = auditor(w, "audit", "verify", "--json").json()
    equal((found["entries"], found["faults"], found["unsealed"]), (n, [], []))
    equal(found["seal"], w.value("select seal_no || ':' || encode(hash, 'hex') from audit.head"))
    holds(len(ids) == 6, ids)


@case
def what_is_not_sealed_yet_is_listed_and_no_fault(w):
    entry = write(w, "too_new")
    ran = auditor(w, "audit", "verify", "--json")
    equal(ran.code, 0)
    equal([(u["entry_id"], u["what"]) for u in ran.json()["unsealed"]], [(entry, "too_new")])
    text = auditor(w, "audit", "verify").out
    holds("not sealed yet: 1\n" in text and "too_new" in text, text)
    equal(seal(w), 1)
    equal(auditor(w, "audit", "verify", "--json").json()["unsealed"], [])


@case
def every_column_of_an_entry(w):
    ids = fresh(w)
    entry, number = ids[2], seal_of(w, ids[2])
    for change in ("at = at + interval '1 microsecond'", "who = 'somebody'", "what = 'read'", "organisation = 'RX1'",
                   "organisation = null", "xact = '7'", "statement_at = now()"):
        equal(tampered(w, f"update audit.entry set {change} where entry_id = {entry}"),
              [(entry, number, "was changed")], change)
    for change in ("person_id = 'P-2'", "why = 'another'", "why = null", "person_id = null",
                   "detail = '{\"task_id\": \"U\"}'", "why = person_id, person_id = why",
                   "person_id = null, why = null, detail = null"):
        equal(tampered(w, f"update audit.entry set {change} where entry_id = {entry}"),
              [(entry, number, "was changed: person_id, why or detail")], change)


@case
def an_entry_taken_out(w):
    ids = fresh(w)
    entry, number = ids[3], seal_of(w, ids[3])
    equal(tampered(w, f"delete from audit.entry where entry_id = {entry}"), [(entry, number, "was removed")])
    gap = "follows on nothing: seals before it were removed"
    equal(tampered(w, f"delete from audit.entry where entry_id = {entry}",
                   f"delete from audit.seal where entry_id = {entry}"), [(None, number + 1, gap)])
    first = int(w.value("select entry_id from audit.seal where seal_no = 1"))
    equal(tampered(w, f"delete from audit.entry where entry_id = {first}", "delete from audit.seal where seal_no = 1"),
          [(None, 2, gap)], "the first of all")
    last = seal_of(w, ids[-1])
    equal(tampered(w, f"delete from audit.entry where entry_id = {ids[-1]}",
                   f"delete from audit.seal where seal_no = {last}"),
          [(None, last, "is not where the chain ends: seals were removed or added there")], "the last of all")
    waiting = write(w, "waiting")
    equal(tampered(w, f"delete from audit.entry where entry_id = {waiting}"),
          [(waiting, None, "waits to be sealed and is not there, or is sealed already")], "before it was sealed")
    seal(w)


@case
def entries_in_another_order(w):
    ids = fresh(w)
    one, two = seal_of(w, ids[1]), seal_of(w, ids[2])
    moved = "does not follow from the seal before it: one of them was changed, or moved"
    equal(tampered(w, f"update audit.seal set seal_no = 0 where seal_no = {one}",
                   f"update audit.seal set seal_no = {one} where seal_no = {two}",
                   f"update audit.seal set seal_no = {two} where seal_no = 0"),
          [(None, one, moved), (None, two, moved), (None, two + 1, moved)], "seals")
    both = f"where entry_id in ({ids[1]}, {ids[2]})"
    equal(tampered(w, f"create temp table two as select * from audit.entry {both}", f"delete from audit.entry {both}",
                   f"update two set entry_id = {ids[1]} + {ids[2]} - entry_id",
                   "insert into audit.entry overriding system value table two"),
          [(ids[1], one, "was changed"), (ids[2], two, "was changed")], "entries")
    equal(tampered(w, f"update audit.seal set entry_id = -1 where seal_no = {one}",
                   f"update audit.seal set entry_id = {ids[1]} where seal_no = {two}",
                   f"update audit.seal set entry_id = {ids[2]} where seal_no = {one}"),
          [(ids[2], one, "was changed"), (ids[1], two, "was changed")], "which seal is whose")


@case
def an_entry_put_in(w):
    fresh(w)
    forged = int(w.value("select max(entry_id) + 5 from audit.entry"))
    row = (f"insert into audit.entry (entry_id, at, who, what) overriding system value"
           f" values ({forged}, now(), 'somebody', 'read')")
    equal(tampered(w, row), [(forged, None, "was added behind the back of the trigger that has it sealed")])
    head = w.value("select seal_no from audit.head")
    number = int(head) + 1
    equal(tampered(w, row, f"insert into audit.seal select {number}, {forged}, now(), '', sha256(''), sha256(''), sha256('')"),
          [(None, number, "does not follow from the seal before it: one of them was changed, or moved"),
           (forged, number, "was changed"),
           (None, number, "is not where the chain ends: seals were removed or added there")])


@case
def a_seal_made_to_fit(w):
    """An attacker who changes an entry must compute every later hash again."""
    ids = fresh(w)
    entry, number = ids[2], seal_of(w, ids[2])
    anew = ("update audit.seal s set entry_hash = sha256(convert_to(audit.field(e.entry_id::text)"
            " || audit.field(audit.microseconds(e.at)) || audit.field(e.who) || audit.field(e.what)"
            " || audit.field(e.organisation) || audit.field(e.xact::text)"
            " || audit.field(audit.microseconds(e.statement_at)), 'UTF8') || s.digest)"
            f" from audit.entry e where e.entry_id = s.entry_id and s.seal_no = {number}")
    onward = ("update audit.seal s set hash = sha256(p.hash || s.entry_hash || convert_to(audit.field(s.seal_no::text)"
              " || audit.field(audit.microseconds(s.sealed_at)), 'UTF8')) from audit.seal p"
              " where p.seal_no = s.seal_no - 1 and s.seal_no = {}")
    change = f"update audit.entry set who = 'somebody' where entry_id = {entry}"
    moved = "does not follow from the seal before it: one of them was changed, or moved"
    equal(tampered(w, change, anew), [(None, number, moved)])
    equal(tampered(w, change, anew, onward.format(number)), [(None, number + 1, moved)])
    last = int(w.value("select seal_no from audit.head"))
    all_on = [onward.format(n) for n in range(number, last + 1)]
    equal(tampered(w, change, anew, *all_on),
          [(None, last, "is not where the chain ends: seals were removed or added there")])
    equal(tampered(w, f"update audit.seal set sealed_at = now() where seal_no = {number}"), [(None, number, moved)])
    salt = "was changed: its salt is gone, but person_id, why or detail is not"
    equal(tampered(w, f"update audit.seal set salt = null where seal_no = {number}"), [(entry, number, salt)])


@case
def the_whole_chain_rewritten(w):
    """Only a seal noted elsewhere shows it."""
    ids = fresh(w)
    noted = auditor(w, "audit", "verify", "--json").json()["seal"]
    write(w, "later")
    seal(w)
    equal(auditor(w, "audit", "verify", "--seal", noted).code, 0, "the chain has grown")
    number = noted.split(":")[0]
    other = f"{number}:{'0' * 64}"
    ran = auditor(w, "audit", "verify", "--seal", other)
    equal(ran.code, 1)
    holds(f"seal {number} is not the one that was noted: the chain was rewritten" in ran.out, ran.out)
    ran = auditor(w, "audit", "verify", "--seal", f"999999:{'0' * 64}")
    holds(ran.code == 1 and "cut short" in ran.out, ran.out)
    for wrong in ("7", "x:" + "0" * 64, "7:" + "0" * 63, "7:" + "g" * 64, "-7:" + "0" * 64):
        equal(auditor(w, "audit", "verify", "--seal", wrong).code, 1, wrong)
        equal(auditor(w, "audit", "verify", "--seal", wrong).out, "", wrong)
    holds(ids, ids)


@case
def a_person_is_taken_out(w):
    ids = [write(w, "about", person=p) for p in ("P-erase", "P-other", "P-erase")]
    ids.append(write(w, "elsewhere", person="P-erase", organisation="RX1"))
    w.sql("insert into audit.entry (at, what, detail) values (now(), 'read', jsonb_build_object('query',"
          " 'select * from oh.task where person_id = ''P-erase'''))")
    seal(w)
    ids.append(write(w, "about", person="P-erase"))
    equal(w.value("select audit.erase('RW3', 'P-erase')"), "4", "one of them not sealed yet")
    equal(w.sql(f"select person_id is null, why is null, detail is null from audit.entry where entry_id in"
                f" ({ids[0]}, {ids[1]}, {ids[2]}, {ids[3]}, {ids[4]}) order by entry_id"),
          [("t",) * 3, ("f",) * 3, ("t",) * 3, ("f",) * 3, ("t",) * 3])
    equal(w.value("select count(*) from audit.entry where detail::text like '%P-erase%' and organisation is null"), "0")
    equal(w.value("select count(*) from audit.seal s join audit.entry e using (entry_id) where e.what = 'about'"
                  " and e.person_id is null and s.salt is not null"), "0", "nothing to try digests with")
    seal(w)
    ran = auditor(w, "audit", "verify", "--json")
    equal((ran.code, ran.json()["faults"]), (0, []))
    equal(ran.json()["erased"], 3)
    equal(w.sql("select what, organisation, person_id is null, detail from audit.entry order by entry_id desc limit 1"),
          [("erase", "RW3", "t", '{"entries": 4}')])
    equal([f[2] for f in tampered(w, f"update audit.entry set person_id = 'P-put-back' where entry_id = {ids[0]}")],
          ["was changed: its salt is gone, but person_id, why or detail is not"])
    equal([f[2] for f in tampered(w, f"update audit.entry set who = 'somebody' where entry_id = {ids[0]}")], ["was changed"],
          "what is left of it is still held")


@case
def old_entries_are_purged(w):
    dbname = w.make_database()
    equal(w.run("migrate", dbname=dbname).code, 0)

    def sql(text):
        return w.sql(text, dbname)

    def verify():
        return w.run("audit", "verify", "--json", dbname=dbname)
    sql("insert into audit.entry (at, what) select now(), 'young' from generate_series(1, 3)")
    sql("insert into audit.entry (at, what) select now() - interval '9 years', 'old' from generate_series(1, 3)")
    sql("select sealed from audit.seal(100)")
    first = int(sql("select min(seal_no) - 1 from audit.seal join audit.entry using (entry_id) where what = 'old'")[0][0])
    sql("insert into audit.entry (at, what) values (now() - interval '1 year', 'young'),"
        " (now() - interval '9 years', 'old'), (now(), 'new')")
    sql("select sealed from audit.seal(100)")
    equal(sql("select audit.purge()"), [("4",)])
    sql("select sealed from audit.seal(100)")
    found = verify()
    equal((found.code, found.json()["faults"], found.json()["purged"]), (0, [], 4), found.out)
    # Entries before the old ones go as well: no older entry depends on them.
    sql("begin; set local session_replication_role = replica;"
        " update audit.entry set at = now() - interval '9 years' where entry_id in"
        f" (select entry_id from audit.seal where seal_no <= {first}); commit")
    equal(verify().code, 1)
    sql("select audit.purge()")
    sql("select sealed from audit.seal(100)")
    found = verify()
    equal((found.code, found.json()["faults"]), (0, []), found.out)
    equal(sql("select min(seal_no) from audit.seal"), [(str(first + 3),)], "the last of those that went is kept")
    sql("begin; set local session_replication_role = replica; delete from audit.entry where entry_id in"
        f" (select entry_id from audit.seal where seal_no <= {first + 5}); delete from audit.seal where seal_no <="
        f" {first + 5}; commit")
    found = verify()
    equal((found.code, [f["fault"] for f in found.json()["faults"]]),
          (1, ["follows on nothing: seals before it were removed"]))


@case
def entries_of_open_transactions_are_sealed_later(w):
    """Numbers are given out before the commit."""
    import subprocess
    words = dict(w.words, dbname=w.dbname)
    from harness import dsn_of
    open_one = subprocess.Popen(["psql", "-XqAt", dsn_of(words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    open_one.stdin.write("begin;\ninsert into audit.entry (at, what) values (now(), 'slow') returning entry_id;\n")
    open_one.stdin.flush()
    slow = int(open_one.stdout.readline())
    fast = write(w, "fast")
    holds(slow < fast, (slow, fast))
    equal(seal(w), 1)
    equal(seal(w), 0)
    open_one.stdin.write("commit;\n")
    open_one.stdin.close()
    open_one.wait(10)
    equal(seal(w), 1)
    holds(seal_of(w, slow) == seal_of(w, fast) + 1, "in the order of sealing")
    equal(auditor(w, "audit", "verify").code, 0)
    equal(seal(w), 0)


@case
def batches_are_bounded(w):
    w.sql("insert into audit.entry (at, what) select now(), 'many' from generate_series(1, 2500)")
    equal([seal(w, 1000) for _ in range(4)], [1000, 1000, 500, 0])
    equal(auditor(w, "audit", "verify").code, 0, "over several pages")


@case
def export(w):
    w.sql("insert into audit.entry (at, what, why, organisation, person_id, detail) values"
          " ('2026-03-29T00:30:00Z', 'day_one', 'ünder \"quotes\"', 'RW3', 'P-1', '{\"n\": [1, null]}'),"
          " ('2026-03-29T22:59:59Z', 'day_one', null, null, null, null),"
          " ('2026-03-29T23:00:00Z', 'day_two', null, null, null, null)")
    ran = auditor(w, "audit", "export")
    equal(ran.code, 0, ran.err)
    lines = [json.loads(line) for line in ran.out.splitlines()]
    equal(len(lines), int(w.value("select count(*) from audit.entry")))
    equal([line["entry_id"] for line in lines], sorted(line["entry_id"] for line in lines))

    def between(*args):
        return [line["what"] for line in map(json.loads, auditor(w, "audit", "export", *args).out.splitlines())]
    equal(between("--from", "2026-03-29", "--to", "2026-03-29"), ["day_one", "day_one"], "days of the installation")
    equal(between("--from", "2026-03-29T22:59:59Z", "--to", "2026-03-29T23:00:00Z"), ["day_one"])
    equal(between("--from", "2026-03-30", "--to", "2026-03-30"), ["day_two"])
    one = json.loads(auditor(w, "audit", "export", "--from", "2026-03-29", "--to", "2026-03-29").out.splitlines()[0])
    equal({k: one[k] for k in ("at", "why", "organisation", "person_id", "detail", "seal_no", "erased")},
          {"at": "2026-03-29T00:30:00Z", "why": 'ünder "quotes"', "organisation": "RW3", "person_id": "P-1",
           "detail": {"n": [1, None]}, "seal_no": None, "erased": False})
    equal(auditor(w, "audit", "export", "--from", "yesterday").code, 1)


@case
def an_export_can_be_checked_without_the_database(w):
    seal(w)
    lines = [json.loads(line) for line in auditor(w, "audit", "export").out.splitlines()]
    before = bytes(32)
    checked = 0
    for line in sorted(lines, key=lambda line: line["seal_no"]):
        def micros(text):
            return w.value(f"select (extract(epoch from '{text}'::timestamptz) * 1000000)::int8")

        def field(value):
            return b"-" if value is None else b"%d:%s" % (len(str(value).encode()), str(value).encode())
        after = bytes.fromhex(line["hash"])
        if checked < 40:  # each asks the database for its times: enough of them
            core = b"".join(map(field, (line["entry_id"], micros(line["at"]), line["who"], line["what"],
                                        line["organisation"], line["xact"], micros(line["statement_at"]))))
            digest = bytes.fromhex(line["digest"])
            equal(hashlib.sha256(core + digest).hexdigest(), line["entry_hash"])
            place = field(line["seal_no"]) + field(micros(line["sealed_at"]))
            equal(hashlib.sha256(before + bytes.fromhex(line["entry_hash"]) + place).digest(), after)
            checked += 1
        before = after
    holds(checked == 40, checked)


@case
def who_looked_at_somebody(w):
    entry = write(w, "contact", person="P-listed")
    found = auditor(w, "audit", "list", "--person", "P-listed", "--json").json()
    equal([(e["entry_id"], e["what"], e["detail"]) for e in found], [(entry, "contact", {"task_id": "T"})])
    equal([e["what"] for e in auditor(w, "audit", "list", "--limit", "1", "--json").json()], ["contact"])
    equal(auditor(w, "audit", "list", "--who", "nobody").out, "no entries\n")
    table = auditor(w, "audit", "list", "--person", "P-listed", "--organisation", "RW3").out
    holds("P-listed" in table and "contact" in table and len(table.splitlines()) == 2, table)
    equal(auditor(w, "audit", "list", "--limit", "0").code, 1)


@case
def others_do_not_look(w):
    clinician = w.role("clinician")
    w.sql(f"create role {clinician} login password '{w.password}'")
    w.sql(f"grant dayfour_clinician, dayfour_operator to {clinician}")
    for command in (["verify"], ["export"], ["list"]):
        ran = w.run("audit", *command, user=clinician, password=w.password)
        equal((ran.code, ran.out), (3, ""), command)
