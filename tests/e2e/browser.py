"""A headless Chromium as a person at a keyboard uses it, and the checks that every screen must pass. They are axe-core,
the Nu HTML checker, 320 px without sideways scrolling, and no request to another host.

axe-core and the checker come from npm, pinned in browser/package.json, into a folder of the cache that later
runs use again. A machine without Chromium, its driver, npm or Java: the test does not run and says what is missing.
"""
import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

from harness import NotRun, expect

HERE = Path(__file__).resolve().parent / "browser"
WIDE, NARROW = (1280, 900), (320, 640)


def tools():
    """The folder with axe-core and the checker; installed once for each set of versions."""
    for program in ("chromium", "chromedriver", "npm", "java"):
        if not shutil.which(program):
            raise NotRun("needs %s" % program)
    wanted = (HERE / "package.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "dayfour" / ("page-checks-" + hashlib.sha256(wanted).hexdigest()[:12])
    if not (folder / ".installed").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_bytes(wanted)
        with open(folder / "npm.log", "wb") as log:
            done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock",
                                   "--ignore-scripts"], cwd=folder, stdout=log, stderr=log, check=False)
        if done.returncode != 0:
            raise NotRun("npm could not install axe-core and the HTML checker (see %s)" % (folder / "npm.log"))
        (folder / ".installed").write_text("")
    return folder / "node_modules"


class Checks:
    """Collects what the screens of a run were, and what was wrong with them."""

    def __init__(self, run_dir, never=()):
        self.modules = tools()
        self.axe = (self.modules / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
        self.pictures = Path(run_dir) / "screens"
        self.pictures.mkdir(parents=True, exist_ok=True)
        self.html = Path(run_dir) / "screens" / "html"
        shutil.rmtree(self.html, ignore_errors=True)
        self.html.mkdir()
        self.never = list(never)  # no URL, title or cookie may hold one of these
        self.faults = []
        self.seen = []

    def fault(self, screen, text):
        self.faults.append("%s: %s" % (screen, text))

    def validate(self):
        """The Nu checker over every page of the run at once: its start is what takes the time."""
        done = subprocess.run(["java", "-jar", self.modules / "vnu-jar/build/dist/vnu.jar", "--format", "json",
                               "--errors-only", "--exit-zero-always", self.html],
                              capture_output=True, text=True, timeout=300, check=False)
        expect(done.stderr.strip(), "the HTML checker gave no answer")
        for message in json.loads(done.stderr)["messages"]:
            self.fault(Path(urlsplit(message.get("url", "")).path).stem, "line %s: %s" % (
                message.get("lastLine"), message["message"]))

    def end(self):
        self.validate()
        expect(not self.faults, "%d faults:\n    %s" % (len(self.faults), "\n    ".join(self.faults)))


class Browser:
    """A person's browser. checks None: only used, not checked."""

    def __init__(self, base, checks=None, scripts=True, size=WIDE):
        # Selenium is only asked for where a browser starts, so that the module can be read without it.
        try:
            from selenium import webdriver
            from selenium.webdriver.chrome.service import Service
        except ImportError as missing:
            raise NotRun("needs python3-selenium") from missing
        self.base = base.rstrip("/")
        self.checks = checks
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync",
                     "--force-prefers-reduced-motion", "--hide-scrollbars", "--window-size=%d,%d" % size):
            options.add_argument(word)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
        self.driver.set_page_load_timeout(30)
        self.width(*size)
        self.asked, self.document = [], None
        self.scripts = True
        if not scripts:
            self.allow_scripts(False)

    def close(self):
        self.driver.quit()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def allow_scripts(self, on):
        """Scripts of the page; statements that the test itself evaluates run in any case."""
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not on})
        self.scripts = on

    # --- going about

    def visit(self, path):
        self.driver.get(self.base + path)
        return self

    @property
    def path(self):
        parts = urlsplit(self.driver.current_url)
        return parts.path + ("?" + parts.query if parts.query else "")

    @property
    def h1(self):
        return self.text("h1")

    def all(self, css):
        return self.driver.find_elements("css selector", css)

    def one(self, css):
        found = self.all(css)
        expect(found, "%s has no %s; it says: %s" % (self.path, css, self.body()[:600]))
        return found[0]

    def text(self, css):
        return self.one(css).text

    def body(self):
        return self.driver.find_element("tag name", "body").text

    def says(self, *texts):
        body = self.body()
        for text in texts:
            expect(text in body, "%s does not say %r; it says: %s" % (self.path, text, body[:1500]))
        return self

    def says_not(self, *texts):
        body = self.body()
        for text in texts:
            expect(text not in body, "%s says %r" % (self.path, text))
        return self

    # --- by keyboard alone

    def keys(self, *words):
        from selenium.webdriver.common.action_chains import ActionChains
        ActionChains(self.driver).send_keys(*words).perform()
        return self

    def focused(self):
        """The label or the text of the element that has the focus."""
        return self.driver.execute_script("""
            const e = document.activeElement;
            if (!e || e === document.body) return "";
            const l = e.labels && e.labels.length ? e.labels[e.labels.length - 1].innerText : "";
            return (l || e.getAttribute("aria-label") || e.innerText || e.value || e.name || e.tagName)
                .replace(/\\s+/g, " ").replace(/ ,/g, ",").trim();""")

    def tab_to(self, text, most=80):
        """Tabs until that has the focus; gives how many it took."""
        from selenium.webdriver.common.keys import Keys
        went = []
        for n in range(1, most + 1):
            self.keys(Keys.TAB)
            went.append(self.focused())
            if went[-1].startswith(text):
                return n
        expect(False, "%s: no %r within %d tabs, only %s" % (self.path, text, most, went[:40]))
        return 0

    def press(self, text, most=80):
        """Tabs to a link or button and presses Enter; waits for the next page."""
        self.tab_to(text, most)
        return self.leave(lambda: self.keys("\ue007"))

    def choose(self, text, most=80):
        """Tabs to the group of radios and picks one by its arrows, as the keyboard has it."""
        from selenium.webdriver.common.keys import Keys
        for n in range(most):
            if n > 0 or self.driver.execute_script("return document.activeElement.type") != "radio":
                self.keys(Keys.TAB)
            if self.driver.execute_script("return document.activeElement.type") == "radio":
                names = self.driver.execute_script("""
                    return [...document.getElementsByName(document.activeElement.name)]
                        .map(e => e.labels[0].innerText.trim())""")
                if not any(name.startswith(text) for name in names):
                    continue
                if not self.driver.execute_script("return document.activeElement.checked"):
                    self.keys(Keys.SPACE)
                for _ in names:
                    if self.focused().startswith(text):
                        return self
                    self.keys(Keys.ARROW_DOWN)
        expect(False, "%s: no radio %r" % (self.path, text))
        return self

    def leave(self, act, seconds=15):
        """Does something, and waits until another document is there."""
        mark = self.driver.execute_script("return performance.timeOrigin")
        act()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if self.driver.execute_script(
                        "return performance.timeOrigin != arguments[0] && document.readyState == 'complete'", mark):
                    return self
            except Exception:  # between two documents there is none to ask
                pass
            time.sleep(0.02)
        expect(False, "%s: nothing came within %d s" % (self.path, seconds))
        return self

    def fill(self, name, text):
        """A field by its name, for tests that are not about the keyboard."""
        field = self.one("[name='%s']" % name)
        field.clear()
        field.send_keys(text)
        return self

    def check(self, name, value):
        self.driver.execute_script("arguments[0].click()", self.one("input[name='%s'][value='%s']" % (name, value)))
        return self

    def click(self, text):
        """A link or button by its text."""
        for element in self.all("main a, main button") + self.all("header a, header button, footer a"):
            if element.text.strip().startswith(text):
                return self.leave(element.click)
        expect(False, "%s has no link or button %r: %s" % (self.path, text, self.body()[:800]))
        return self

    def click_here(self, text):
        """A button that stays on the page."""
        for element in self.all("main button"):
            if element.text.strip().startswith(text):
                element.click()
                return self
        expect(False, "%s has no button %r" % (self.path, text))
        return self

    def in_sight(self, element):
        """Whether all of it is in the window, without any scrolling."""
        return self.driver.execute_script("""
            const r = arguments[0].getBoundingClientRect();
            return r.top >= 0 && r.bottom <= innerHeight && r.height > 0;""", element)

    # --- what must hold of every screen

    def width(self, wide, high):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": wide, "height": high, "deviceScaleFactor": 1, "mobile": False})

    def sideways(self):
        """By how much the page is wider than the screen, and what is."""
        return self.driver.execute_script("""
            const wide = document.documentElement.clientWidth, over = document.documentElement.scrollWidth - wide;
            if (over <= 0) return [0, ""];
            const out = [...document.body.querySelectorAll("*")].filter(
                e => e.getBoundingClientRect().right > wide + 1).map(e => e.tagName + "." + e.className);
            return [over, out.slice(0, 5).join(" ")];""")

    def axe(self):
        """axe-core waits by a timer, which needs scripts; a page that was loaded without them has none to start."""
        without = not self.scripts
        self.allow_scripts(True)
        self.driver.execute_script(self.checks.axe + "\nwindow.axe = window.axe || axe;")
        found = self.driver.execute_async_script("""
            const done = arguments[arguments.length - 1];
            axe.run(document).then(r => done(r.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 160))])),
                                   e => done([["axe", [String(e)]]]));""")
        self.allow_scripts(not without)
        return found

    def picture(self, name):
        size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        data = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "format": "png", "captureBeyondViewport": True,
            "clip": {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 6000), "scale": 1}})
        (self.checks.pictures / (name + ".png")).write_bytes(base64.b64decode(data["data"]))

    def screen(self, name):
        """All checks of the screen as it stands; pictures of it wide, narrow and on paper."""
        checks = self.checks
        checks.seen.append(name)
        (checks.html / (name + ".html")).write_text(self.source(), encoding="utf-8")
        for rule, nodes in self.axe():
            checks.fault(name, "axe %s: %s" % (rule, nodes[:3]))
        self.picture(name)
        over, what = self.sideways()
        if over:
            checks.fault(name, "%d px wider than the screen: %s" % (over, what))
        self.width(*NARROW)
        over, what = self.sideways()
        if over:
            checks.fault(name, "%d px wider than 320: %s" % (over, what))
        for rule, nodes in self.axe():
            checks.fault(name, "at 320 px axe %s: %s" % (rule, nodes[:3]))
        self.picture(name + "-320")
        self.width(*WIDE)
        outside = self.driver.current_url + " " + self.driver.title + " " + json.dumps(self.driver.get_cookies())
        for text in checks.never:
            if text.lower() in outside.lower():
                checks.fault(name, "a URL, title or cookie holds what it must not")
        return self

    def paper(self, name):
        """As it is printed."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        self.width(794, 1123)
        self.picture(name + "-paper")
        shown = self.driver.execute_script("""
            return [...document.querySelectorAll(".phone, .number")].some(
                e => getComputedStyle(e).visibility != "hidden" && e.getClientRects().length)""")
        text = self.body()
        self.width(*WIDE)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        return shown, text

    def source(self):
        """The bytes of the answer, not the tree that the browser made of them."""
        self.listen()
        got = self.driver.execute_cdp_cmd("Network.getResponseBody", {"requestId": self.document})
        return base64.b64decode(got["body"]).decode() if got["base64Encoded"] else got["body"]

    def listen(self):
        """Reads the requests and answers since the last time."""
        for line in self.driver.get_log("performance"):
            message = json.loads(line["message"])["message"]
            about = message["params"]
            if message["method"] == "Network.requestWillBeSent":
                self.asked.append(about["request"]["url"])
            elif message["method"] == "Network.responseReceived" and about["type"] == "Document":
                self.document = about["requestId"]

    def requests(self):
        """Every URL asked for so far."""
        self.listen()
        return list(self.asked)

    def only_own_host(self):
        self.listen()
        own = urlsplit(self.base).netloc
        for url in self.asked:
            if not re.match(r"(data|about|chrome|devtools|blob):", url):
                expect(urlsplit(url).netloc == own, "a request went to %s" % urlsplit(url).netloc)
