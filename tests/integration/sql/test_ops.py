"""The view of operators and of the feed's owner."""
from harness import NULL, case, equal, refused


def letter(w, offset=7):
    w.root.run("insert into intake.dead_letter (topic, partition, \"offset\", reason, detail, organisation, key, value,"
               f" headers, size, received_at) values ('absence.events', 2, {offset}, 'bad_field', 'data.onset_date',"
               " 'RW3', 'P-77', 'Secret Person S12', '\\x00', 17, '2026-09-10T11:00Z')")


@case
def positions(w):
    w.root.run("insert into intake.position (topic, partition, next_offset, epoch, owner)"
               " values ('absence.events', 2, 41, 3, 'host-1')")
    w.cluster.login("opr", "operator")
    equal(w.at("opr").run("select topic, partition, next_offset from ops.position"), [("absence.events", "2", "41")])


@case
def the_backlog_is_one_row(w):
    w.cluster.login("opr", "operator")
    look = "select people_due, unconfirmed, clock from ops.backlog"
    equal(w.at("opr").run(look), [("0", "0", NULL)])
    for wake in ("2026-09-10T11:59Z", "2026-09-10T12:00Z", "2026-09-10T12:00:01Z", None):
        w.person(next_wake_at=wake)
    w.person(oh_wake_at="2026-09-10T12:00Z", next_wake_at="2026-09-10T12:00Z")
    w.person(oh_wake_at="2026-09-10T12:00Z")
    w.root.run("insert into followup.outbox values (0, 1, 0, 't', null, '', null), (0, 1, 1, 't', null, '', null)")
    w.root.run("update ops.clock set finished_at = '2026-09-10T12:00Z'")
    equal(w.at("opr").run(look), [("4", "2", "2026-09-10 12:00:00+00")])
    w.clock("2026-09-10T12:00:01Z")
    equal(w.at("opr").run(look), [("5", "2", "2026-09-10 12:00:00+00")])
    w.clock("2026-09-10T12:00:00Z")


@case
def dead_letters_without_what_they_said(w):
    letter(w)
    w.cluster.login("opr", "operator")
    opr = w.at("opr")
    equal(opr.run('select topic, partition, "offset", reason, detail, organisation, size from ops.dead_letter'),
          [("absence.events", "2", "7", "bad_field", "data.onset_date", "RW3", "17")])
    equal(w.root.column("select column_name from information_schema.columns where table_schema = 'intake'"
                        " and table_name = 'dead_letter' except select column_name from information_schema.columns"
                        " where table_schema = 'ops' and table_name = 'dead_letter' order by 1"), ["headers", "key", "key_mac", "value"])
    for statement in ("select key from ops.dead_letter_raw", "select 1 from intake.dead_letter",
                      "select 1 from fact.person", "select 1 from casework.spell", "select 1 from audit.entry",
                      "select 1 from followup.outbox", "select 1 from oh.task", "select 1 from intake.position"):
        refused("42501", opr, statement)


@case
def the_feeds_owner_sees_them_and_that_is_audited(w):
    letter(w, 8)
    w.root.run(f"insert into ops.feed_owner values ('{w.cluster.login('own', 'feed_owner')}', 'RW3')")
    own = w.at("own")
    equal(own.run("select convert_from(key, 'UTF8'), convert_from(value, 'UTF8') from ops.dead_letter_raw"
                  ' where "offset" = 8'), [("P-77", "Secret Person S12")])
    equal(w.root.run("select who, what, detail ->> 'view' from audit.entry order by entry_id desc limit 1"),
          [(w.role("own"), "read", "ops.dead_letter_raw")])
    own.run("select 1 from ops.dead_letter")
    for statement in ("select 1 from intake.dead_letter", "delete from ops.dead_letter_raw",
                      "update ops.emission set paused = true", "select 1 from oh.task"):
        refused("42501", own, statement)


@case
def emission_is_paused_by_somebody(w):
    w.cluster.login("opr", "operator")
    opr = w.at("opr")
    equal(opr.run("select paused, by from ops.emission"), [("f", NULL)])
    opr.run("update ops.emission set paused = true")
    equal(opr.run("select paused, since, by from ops.emission"), [("t", "2026-09-10 12:00:00+00", w.role("opr"))])
    equal(w.root.run("select who, what from audit.entry order by entry_id desc limit 1"),
          [(w.role("opr"), "emission_paused")])
    refused("42501", opr, "update ops.emission set by = 'somebody else'")
    refused("42501", opr, "update ops.clock set rehearsal_at = now()")
    opr.run("update ops.emission set paused = false")
    equal(w.root.run("select who, what from audit.entry order by entry_id desc limit 1"),
          [(w.role("opr"), "emission_resumed")])


@case
def people_set_aside_have_numbers_only(w):
    organisation, person_id = "RW3", w.person()
    w.root.run("insert into casework.set_aside (organisation, person_id, service, code, what, since, last_at, retry_at)"
               f" values ('{organisation}', '{person_id}', 'intake', '23505', 'spell_pkey', now(), now(), now())")
    w.cluster.login("opr", "operator")
    opr = w.at("opr")
    equal(opr.run("select service, code, what, tries from ops.set_aside"), [("intake", "23505", "spell_pkey", "1")])
    equal(w.root.column("select column_name from information_schema.columns where table_schema = 'ops'"
                        " and table_name = 'set_aside' order by 1"),
          ["code", "last_at", "no", "prompts", "retry_at", "service", "since", "tries", "what"])
    equal(opr.value("select ops.retry_set_aside(0)"), "0")
    equal(opr.value("select ops.retry_set_aside()"), "1")
    equal(w.root.value("select count(*) from casework.retry_wanted"), "1")
    equal(w.root.run("select who, what from audit.entry order by entry_id desc limit 1"),
          [(w.role("opr"), "set_aside_retried")])
    for statement in ("select 1 from casework.set_aside", "insert into casework.retry_wanted values (1)"):
        refused("42501", opr, statement)
    w.root.run(f"delete from fact.person where organisation = '{organisation}' and person_id = '{person_id}'")
    equal(w.root.value("select count(*) from casework.set_aside"), "0")
