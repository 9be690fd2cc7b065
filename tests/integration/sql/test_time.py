"""The product's now and today."""
from harness import case, equal


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
    w.root.run("update ops.clock set rehearsal_at = null, last_now = now() + interval '1 hour'")
    equal(w.at("amy").value("select oh.now() > statement_timestamp() + interval '50 minutes'"), "t")
    w.root.run("update ops.clock set last_now = null")
    w.clock("2026-09-10T12:00:00Z")


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
