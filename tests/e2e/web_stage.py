"""A stage with the page on it: staff with passwords of their own, and people whose cases show every state."""
import json

from followup_stage import FollowupStage
from harness import Service, expect, free_port, until

ORGANISATION = "RW3"


def event(person, absence, onset, last_day, code, contact, version=1, type="opened", **more):
    data = {"organisation": ORGANISATION, "absence_id": absence, "version": version, "person_id": person,
            "category": "sickness", "onset_date": onset, "last_day": last_day, **more}
    if code is not None:
        data["reason"] = {"scheme": "esr", "code": code}
    if contact is not None:
        data["contact"] = contact
    return {"specversion": "1.0", "id": "%s-%d" % (absence, version), "source": "/hr/" + ORGANISATION,
            "type": "org.dayfour.absence.%s.v1" % type, "data": data}


class WebStage(FollowupStage):
    """With dayfour-web in front of it; `address` is where a browser finds it."""

    def __init__(self, around, **options):
        super().__init__(around, **options)
        self.roles.append("web")
        self.sql("create role %s_web login password '%s' in role dayfour_web" % (self.id, self.password))
        self.port = free_port()
        self.address = "http://127.0.0.1:%d" % self.port
        self.http = "127.0.0.1:%d" % free_port()

    def start_web(self, wait=True, env=None, **settings):
        service = Service(self, "dayfour-web", {
            "pg.dsn": self.dsn("web"), "web.listen": "127.0.0.1:%d" % self.port, "web.origin": self.address,
            "web.identity": "password", "http.listen": self.http, "clock.file": self.clock, "log.level": "debug",
            **{name.replace("__", "."): value for name, value in settings.items() if value is not None}},
            env, len(self.services))
        self.services.append(service)
        return service.wait_for("ready") if wait else service

    def add_staff(self, name, *options, shown=None, role=None):
        """A login with the stage's password; gives it."""
        login = "%s_%s" % (self.id, name)
        file = self.dir / "staff.pw"
        file.write_text(self.password + "\n")
        file.chmod(0o600)
        more = []
        if shown:
            more += ["--name", shown]
        if role:
            more += ["--role", role]
        self.dayfour("staff", "add", login, ORGANISATION, *options, *more, "--password-file", file)
        self.roles.append(name)
        return login

    def hr(self, *events):
        """HR publishes these, and all of it is worked out."""
        self.wait_taken(self.publish([
            {"partition": 0, "key_b64": None, "value": json.dumps(one), "headers": [
                ["content-type", "application/cloudevents+json"]]} for one in events]))
        self.wait_idle()

    def task_of(self, person, queue="physiotherapy"):
        return self.sql("select spell_id from casework.spell where person_id = '%s' and queue = '%s'"
                        " order by onset_date desc limit 1" % (person, queue))

    def settle(self, seconds=10):
        """Until what was entered is derived."""
        until(lambda: self.ask("select people_due = 0 and unconfirmed = 0 from ops.backlog") == "t",
              "what was entered to be derived", seconds)

    def drop(self):
        for name in list(self.roles):
            self.sql("drop owned by %s_%s" % (self.id, name), check=False)
        super().drop()
