"""The services work with the rights of their groups: no superuser, no bypass of row-level security."""
from harness import NULL, Refused, Session, case, equal, refused


def service(w, name):
    w.cluster.login(name[:3], name)
    return w.at(name[:3])


PUT_PERSON = """insert into fact.person as p (organisation, person_id, revision, next_wake_at)
    select * from unnest('{{RW3}}'::text[], '{{{0}}}'::text[], '{{{1}}}'::int8[], '{{2026-09-10T12:00Z}}'::timestamptz[])
    on conflict (organisation, person_id) do update set revision = excluded.revision,
        next_wake_at = excluded.next_wake_at
        where p.revision = excluded.revision - 1"""
PUT_RECORD = """insert into fact.absence (organisation, person_id, source, absence_id, version, first_version,
        first_onset_date, onset_date, open_ended, match, scheme, code, settings_serial, cancelled, first_notice_at,
        changed_at)
    values ('RW3', '{0}', '/hr', '{0}-A', 1, 1, '2026-09-07', '2026-09-07', false, 1, 1, 'S12', 1, false, now(), now())
    on conflict (organisation, person_id, source, absence_id) do update set version = excluded.version"""
PUT_DETAILS = """insert into fact.person_contact (organisation, person_id, source, absence_id, name)
    values ('RW3', '{0}', '/hr', '{0}-A', 'Test Person 1')
    on conflict (organisation, person_id, source, absence_id) do update set name = excluded.name"""
PUT_SPELL = """insert into casework.spell (spell_id, organisation, person_id, period_id, pathway, queue, anchor_source,
        anchor_absence_id, absence_ids, record_sources, record_ids, onset_date, first_notice_at, late_report,
        backdated, review_first, priority, due_date, state, tombstone, attempts, red_flag, reason_changed, case_closed,
        fingerprint)
    values ('S{0}', 'RW3', '{0}', 'p', 'msk', 'physiotherapy', '/hr', '{0}-A', '{{A}}', '{{/hr}}', '{{A}}',
            '2026-09-07', now(), false, false, false, 2, '2026-09-11', 'open', false, 0, false, false, false, 1)
    on conflict (spell_id) do update set state = excluded.state"""


@case
def intake_takes_in_and_stores(w):
    intake = service(w, "intake")
    w.root.run("insert into fact.ruleset (serial) values (0) on conflict do nothing")
    equal(intake.run("select * from intake.take_positions('absence.events', '{0,1}', 'me', '{0,0}')"),
          [("0", "0", "1", "0", NULL, NULL, NULL), ("1", "0", "1", "0", NULL, NULL, NULL)])
    intake.run("begin")
    intake.run("select intake.move_positions('absence.events', '{0}', '{0}', '{1}', '{5}', '{null}')")
    equal(intake.run("select s.document is not null, r.serial from fact.ruleset r, fact.settings s"), [("t", "0")])
    intake.run("select division, day from fact.holiday")
    intake.run("select key from fact.install_key")
    intake.run("select 1 from fact.person p where (p.organisation, p.person_id) in"
               " (select * from unnest('{RW3}'::text[], '{P-svc}'::text[])) for update")
    intake.run("select 1 from fact.contact c where c.person_id = 'P-svc'")
    for statement in (PUT_RECORD, PUT_DETAILS, PUT_SPELL):
        intake.run(statement.format("P-svc"))
        intake.run(statement.format("P-svc"))
    intake.run(PUT_PERSON.format("P-svc", 1))
    intake.run(PUT_PERSON.format("P-svc", 2))
    intake.run("update casework.spell set tombstone = true, state = 'ended' where spell_id = 'SP-svc'")
    intake.run("insert into intake.dead_letter (topic, partition, \"offset\", reason, size, received_at)"
               " values ('absence.events', 0, 4, 'not_json', 3, now()) on conflict (topic, partition, \"offset\")"
               " do nothing")
    for _ in range(2):
        intake.run("insert into intake.feed values ('absence.events', 0, 'RW3', now()) on conflict (topic, partition,"
                   " organisation) do update set last_valid_at = excluded.last_valid_at")
    intake.run("insert into audit.entry (at, what, organisation, person_id, detail)"
               " values (now(), 'due_date_moved', 'RW3', 'P-svc', '{}')")
    intake.run("delete from fact.person_contact where person_id = 'P-svc'")
    intake.run("delete from fact.absence where person_id = 'P-svc'")
    intake.run("select fact.check_count(1, 1)")
    intake.run("select fact.check_ruleset(0)")
    intake.run("select coalesce(rehearsal_at, last_now) from ops.clock")
    intake.run("update ops.clock set last_now = '2026-09-10T12:00Z' where last_now < '2026-09-10T12:00Z'")
    intake.run("commit")
    equal(w.root.value("select next_offset from intake.position where partition = 0"), "5")


@case
def a_fenced_intake_is_told(w):
    intake = service(w, "intake")
    intake.run("select * from intake.take_positions('fenced', '{0}', 'one', '{0}')")
    intake.run("select * from intake.take_positions('fenced', '{0}', 'two', '{0}')")
    refused("CT001", intake, "select intake.move_positions('fenced', '{0}', '{0}', '{1}', '{5}', '{null}')")


@case
def a_load_waits_for_the_batches_before_it_and_they_for_it(w):
    intake, load = service(w, "intake"), Session(w.cluster.words, dbname=w.dbname)
    intake.run("begin")
    intake.run("select fact.check_ruleset(0)")
    load.run("begin")
    load.send("lock table fact.ruleset in exclusive mode")
    w.wait_for_lock(load)
    intake.run("commit")
    load.collect()
    intake.send("select fact.check_ruleset(0)")
    w.wait_for_lock(intake)
    load.run("update fact.ruleset set serial = serial + 1")
    load.run("commit")
    try:
        intake.collect()
        raise AssertionError("the older ruleset passed")
    except Refused as error:
        equal(error.state, "CT003")
    load.run("update fact.ruleset set serial = serial - 1")
    load.close()


@case
def nobody_else_can_hold_up_a_batch(w):
    """A login holds every lock it can get; the check at a batch's end waits for none of them."""
    intake, amy, opr = service(w, "intake"), w.at("amy"), service(w, "operator")
    intake.run("set lock_timeout = '2s'")
    services = [service(w, name) for name in ("followup", "retention")]
    for session in (amy, opr, service(w, "auditor"), service(w, "reporter"), service(w, "feed_owner"), *services, intake):
        session.run("begin")
        for number in range(3):
            session.run(f"select pg_advisory_xact_lock_shared(7170417, {number})")
        for statement in ("select 1 from fact.ruleset for key share", "select 1 from fact.ruleset for update",
                          "lock table fact.ruleset in row share mode", "lock table fact.ruleset in exclusive mode",
                          "update fact.ruleset set one = true"):
            session.run("savepoint s")
            refused("42501", session, statement)
            session.run("rollback to s")
    amy.run("select 1 from oh.task")
    amy.run("savepoint t")
    refused("42501", amy, "select fact.check_ruleset(0)")
    amy.run("rollback to t")
    intake.run("select fact.check_ruleset(0)")
    for session in (amy, opr, *services, intake):
        session.run("rollback")


@case
def intake_does_nothing_else(w):
    intake = service(w, "intake")
    for statement in ("select 1 from followup.emitted", "insert into followup.outbox values (0, 0, 0, 't')",
                      "select value from intake.dead_letter", "delete from intake.dead_letter",
                      "delete from casework.spell", "delete from fact.person", "delete from intake.position",
                      "insert into fact.contact (organisation) values ('RW3')", "update fact.settings set version = ''",
                      "insert into fact.settings (version, document, loaded_at) values ('', '{}', now())",
                      "update fact.ruleset set serial = 1", "delete from fact.holiday",
                      "update fact.install_key set key = ''", "select 1 from audit.entry", "select 1 from oh.task",
                      "select 1 from oh.staff", "select oh.claim('x')", "update ops.clock set finished_at = now()",
                      "select 1 from ops.backlog", "create table fact.t (x int)", "truncate fact.person"):
        refused("42501", intake, statement)


@case
def followup_derives_emits_and_confirms(w):
    followup = service(w, "followup")
    spell = w.spell()
    person = w.person_of(spell)
    followup.run("begin")
    followup.run("select organisation, person_id from fact.person where next_wake_at <= now() order by next_wake_at"
                 " limit 100 for update skip locked")
    for table in ("fact.absence", "fact.contact", "fact.person_contact", "fact.settings", "fact.holiday",
                  "fact.ruleset", "fact.install_key", "casework.spell", "intake.feed", "ops.emission"):
        followup.run(f"select 1 from {table}")
    followup.run(PUT_PERSON.format(person, 2))
    followup.run(f"update fact.person set emitted = emitted + 1 where person_id = '{person}'")
    followup.run(f"update casework.spell set state = 'contacted' where spell_id = '{spell}'")
    followup.run(PUT_SPELL.format(person))
    followup.run("insert into followup.emitted (organisation, person_id, subject, kind, occurrence, nth, topic,"
                 " happens_at, occurs_on, late, data, emitted_at) values ('RW3', 'P', 's', 'k', '1', 1, 't', now(),"
                 " current_date, false, '{}', now())")
    followup.run("update followup.emitted set withdrawn_at = now() where person_id = 'P'")
    followup.run("insert into followup.shard values (0, 'me', 1, now(), 1, 0) on conflict (shard) do update"
                 " set epoch = followup.shard.epoch + 1")
    followup.run("insert into followup.outbox values (0, 1, 0, 't', null, '', null)")
    followup.run("update followup.outbox set value = '' where shard = 0 and batch_no = 1 and ord = 0")
    followup.run("delete from followup.outbox where shard = 0 and batch_no <= 1")
    followup.run("select topic, key, value, headers from intake.dead_letter where published_batch is null")
    followup.run("update intake.dead_letter set published_batch = 1 where published_batch is null")
    followup.run("update ops.clock set finished_at = now(), last_now = now()")
    followup.run("insert into audit.entry (at, what) values (now(), 'x')")
    followup.run("rollback")


@case
def followup_does_nothing_else(w):
    followup = service(w, "followup")
    for statement in ("delete from fact.absence", "update fact.absence set code = ''", "delete from fact.person",
                      "insert into fact.contact (organisation) values ('RW3')", "delete from followup.emitted",
                      "update intake.dead_letter set value = ''", "delete from intake.dead_letter",
                      "update intake.position set next_offset = 0", "select 1 from intake.position",
                      "delete from casework.spell", "update ops.emission set paused = true",
                      "update fact.ruleset set serial = 1", "select 1 from oh.task", "select oh.claim('x')"):
        refused("42501", followup, statement)


@case
def retention_deletes_and_reads_no_message(w):
    retention = service(w, "retention")
    spell = w.spell()
    person = w.person_of(spell)
    w.emitted(spell, "contact-task.created", "2026-09-07T08:00Z")
    retention.run("begin")
    retention.run(f"select 1 from fact.person where person_id = '{person}' for update")
    for table in ("followup.emitted", "casework.spell", "fact.contact", "fact.person_contact", "fact.absence",
                  "fact.person"):
        retention.run(f"delete from {table} where person_id = '{person}'")
    retention.run("delete from intake.dead_letter where received_at < '2026-01-01'")
    retention.run("select fact.check_ruleset(0)")
    retention.run("insert into audit.entry (at, what, organisation, person_id)"
                  f" values (oh.now(), 'purged', 'RW3', '{person}')")
    retention.run("commit")
    equal(w.root.run(f"select 1 from casework.spell where spell_id = '{spell}'"), [])
    for statement in ("select value from intake.dead_letter", "update fact.absence set code = ''",
                      "insert into fact.person (organisation, person_id, revision) values ('RW3', 'x', 1)",
                      "select 1 from oh.task", "delete from audit.entry", "delete from fact.settings"):
        refused("42501", retention, statement)


@case
def followup_ends_old_transactions_of_clinicians(w):
    """Only clinicians' transactions end; their work is rolled back, and the audit has it."""
    spell = w.spell()
    followup, amy = service(w, "followup"), w.at("amy")
    for session in (amy, service(w, "operator")):
        session.run("begin")
        session.run("select 1")
    amy.run(f"select oh.claim('{spell}')")
    equal(followup.value("select ops.end_old_transactions(300)"), "0", "it is a young one")
    w.root.run("select pg_sleep(1.1)")
    equal(followup.value("select ops.end_old_transactions(1)"), "1")
    w.sessions.pop("amy").psql.kill()
    equal(w.fact(spell), None)
    equal(w.root.run("select who, detail ->> 'login', (detail ->> 'seconds')::int between 1 and 60 from audit.entry"
                     " where what = 'transaction_ended'"), [(w.role("fol"), w.role("amy"), "t")])
    service(w, "operator").run("rollback")
    for who in ("amy", "ope"):
        refused("42501", w.at(who), "select ops.end_old_transactions(1)")
    equal(followup.value("select ops.end_old_transactions(1)"), "0")


@case
def without_the_right_it_says_so(w):
    for right in ("pg_signal_backend", "pg_read_all_stats"):
        w.root.run(f"revoke {right} from dayfour_ops_owner")
        try:
            equal(service(w, "followup").value("select ops.end_old_transactions(300)"), NULL)
        finally:
            w.root.run(f"grant {right} to dayfour_ops_owner")
