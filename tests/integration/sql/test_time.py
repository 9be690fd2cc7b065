"""The product's now and today."""
from harness import case, equal, refused


@case
def now_follows_the_rehearsal(w):
    w.clock("2026-09-10T07:30:00Z")
    equal(w.at("amy").value("select oh.now() = '2026-09-10T07:30:00Z'"), "t")


@case
def now_is_the_clock_without_a_rehearsal(w):
    w.root.run("update ops.clock set rehearsal_at = null, last_now = null")
    equal(w.at("amy").value("select oh.now() = statement_timestamp()"), "t")
    w.clock("2026-09-10T12:00:00Z")


@case
def now_never_goes_behind_what_a_service_worked_with(w):
    w.root.run("update ops.clock set rehearsal_at = null, last_now = now() + interval '4 min'")
    equal(w.at("amy").value("select oh.now() > statement_timestamp() + interval '3 min'"), "t")
    equal(w.root.value("select oh.clock() > clock_timestamp() + interval '3 min'"), "t")
    w.root.run("update ops.clock set last_now = null")
    w.clock("2026-09-10T12:00:00Z")


@case
def a_now_that_cannot_be_is_not_believed(w):
    """A superuser may write it, as a program of before could; nobody sees it as the time."""
    for ahead in ("6 min", "1 day", "10 years"):
        w.root.run(f"update ops.clock set rehearsal_at = null, last_now = now() + interval '{ahead}'")
        equal(w.at("amy").value("select oh.now() = statement_timestamp()"), "t", ahead)
        equal(w.root.value("select oh.clock() <= clock_timestamp()"), "t", ahead)
    w.root.run("update ops.clock set last_now = null")
    w.clock("2026-09-10T12:00:00Z")


@case
def a_service_cannot_store_a_now_that_cannot_be(w):
    """The statements of the programs of before."""
    w.root.run("update ops.clock set rehearsal_at = null, last_now = now() - interval '1 min'")
    for name in ("intake", "followup"):
        w.cluster.login(name, name)
        for ahead, taken in (("10 years", "f"), ("6 min", "f"), ("4 min", "t")):
            w.at(name).run(f"update ops.clock set last_now = now() + interval '{ahead}'"
                           f" where last_now is null or last_now < now() + interval '{ahead}'")
            equal(w.root.value("select last_now > now() from ops.clock"), taken, ahead)
        w.root.run("update ops.clock set last_now = now() - interval '1 min'")
    w.root.run("update ops.clock set last_now = null")
    w.clock("2026-09-10T12:00:00Z")


@case
def an_operator_accepts_the_databases_clock(w):
    w.root.run("update ops.clock set rehearsal_at = null, last_now = now() + interval '10 years'")
    for name in ("operator", "auditor"):
        w.cluster.login(name, name)
    refused("42501", w.at("auditor"), "select ops.accept_clock()")
    refused("42501", w.at("amy"), "select ops.accept_clock()")
    opr = w.at("operator")
    equal(opr.value("select last_now > now() + interval '9 years' from ops.clocks"), "t")
    opr.run("select ops.accept_clock()")
    equal(opr.run("select last_now <= database_clock, last_now > now() - interval '1 min', accepted from ops.clocks"),
          [("t", "t", "1")])
    equal(w.root.run("select who, what, (detail ->> 'last_now')::timestamptz > now() + interval '9 years'"
                     " from audit.entry order by entry_id desc limit 1"), [(w.role("operator"), "clock_accepted", "t")])
    w.root.run("update ops.clock set last_now = null")
    w.clock("2026-09-10T12:00:00Z")
    refused("55000", opr, "select ops.accept_clock()")


@case
def today_is_local(w):
    spell = w.spell(due_date="2026-09-11")
    days = f"select days_left from oh.task where task_id = '{spell}'"
    for instant, wanted in (("2026-09-10T22:59:59Z", "1"), ("2026-09-10T23:00:00Z", "0"),
                            ("2026-09-11T22:59:59Z", "0"), ("2026-09-11T23:00:00Z", "-1")):
        w.clock(instant)
        equal(w.at("amy").value(days), wanted, instant)
    w.root.run(f"update casework.spell set due_date = '2026-10-26' where spell_id = '{spell}'")
    for instant, wanted in (("2026-10-24T22:59:59Z", "2"), ("2026-10-24T23:00:00Z", "1"),
                            ("2026-10-25T23:59:59Z", "1"), ("2026-10-26T00:00:00Z", "0")):
        w.clock(instant)
        equal(w.at("amy").value(days), wanted, instant)
    w.clock("2026-09-10T12:00:00Z")


@case
def the_time_zone_is_that_of_the_newest_settings(w):
    w.root.run("""insert into fact.settings (version, document, loaded_at)
                  values ('far', '{"defaults":{"time_zone":"Pacific/Auckland"}}', now())""")
    equal(w.root.value("select oh.today()"), "2026-09-11")
    w.root.run("delete from fact.settings where version = 'far'")
    equal(w.root.value("select oh.today()"), "2026-09-10")


@case
def settings_without_a_time_zone_mean_london(w):
    w.root.run("insert into fact.settings (version, document, loaded_at) values ('bare', '{}', now())")
    equal(w.root.value("select oh.time_zone()"), "Europe/London")
    w.root.run("delete from fact.settings where version = 'bare'")
