"""A browser without eyes: cookies, forms and redirects of the page over plain HTTP."""
import html
import http.client
import re
import socket
import urllib.parse
from html.parser import HTMLParser


class Forms(HTMLParser):
    """Every form of a page: action and fields, as a browser would send them untouched."""

    def __init__(self, text):
        super().__init__()
        self.forms, self.form, self.choosing = [], None, None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if tag == "form":
            self.form = {"action": a.get("action"), "method": a.get("method"), "fields": {}}
            self.forms.append(self.form)
        elif tag == "input" and self.form is not None and a.get("name"):
            if a.get("type") not in ("radio", "checkbox") or "checked" in a:
                self.form["fields"][a["name"]] = a.get("value", "")

    def handle_endtag(self, tag):
        if tag == "form":
            self.form = None


class Answer:
    def __init__(self, got):
        self.status = got.status
        self.headers = got.headers
        self.body = got.read()
        self.text = self.body.decode()

    @property
    def h1(self):
        found = re.search(r"<h1>(.*?)</h1>", self.text, re.S)
        return html.unescape(re.sub(r"<[^>]*>", "", found[1])) if found else ""

    @property
    def words(self):
        return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", self.text)))

    def form(self, action):
        for form in Forms(self.text).forms:
            if form["action"] == action:
                return dict(form["fields"])
        raise AssertionError("no form to %s: %s" % (action, self.words[:300]))


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Client:
    """where: a port of this machine, or the path of a socket."""

    def __init__(self, where, origin=None, headers=None, source=None):
        self.where, self.origin, self.cookie = where, origin, None
        self.source = source and (source, 0)  # another address of this machine
        self.more = headers or {}

    def ask(self, method, path, body=None, headers=None):
        c = (UnixConnection(self.where) if isinstance(self.where, str)
             else http.client.HTTPConnection("127.0.0.1", self.where, timeout=30, source_address=self.source))
        sent = dict(self.more)
        if self.cookie:
            sent["Cookie"] = self.cookie
        sent.update(headers or {})
        try:
            c.request(method, path, body, sent)
            answer = Answer(c.getresponse())
        finally:
            c.close()
        given = answer.headers.get("Set-Cookie")
        if given:
            self.cookie = given.split(";")[0]
        return answer

    def get(self, path, headers=None):
        return self.ask("GET", path, headers=headers)

    def post(self, path, fields, headers=None):
        sent = {"Content-Type": "application/x-www-form-urlencoded"}
        sent.update(headers or {})
        return self.ask("POST", path, urllib.parse.urlencode(fields), sent)

    def follow(self, answer):
        while answer.status == 303:
            answer = self.get(answer.headers["Location"])
        return answer

    def log_in(self, login, password):
        return self.post("/login", {"login": login, "password": password})
