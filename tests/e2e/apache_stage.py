"""A stage behind Apache with the sample site of deploy/web and an OpenID provider.

The sample's names lead to ports of this machine.
"""
import grp
import http.client
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import urllib.parse
from pathlib import Path

from harness import ROOT, Failure, expect, free_port, until
from openid_provider import Provider
from web_client import Answer
from web_stage import WebStage

sys.path.insert(0, str(ROOT / "tests" / "e2e" / "security"))
from authority import Authority  # noqa: E402

SITE = ROOT / "deploy" / "web" / "apache-openid.conf"
HOST = "calls.example.org"
ADDRESS = "https://" + HOST
APACHE = "/usr/sbin/apache2"
MODULES = Path("/usr/lib/apache2/modules")
LOADED = ("mpm_event", "authn_core", "authz_core", "authz_user", "alias", "headers", "proxy", "proxy_http", "ssl",
          "socache_shmcb", "auth_openidc")
GROUP = "www-data"  # of Apache in Debian
SERVER = """ServerRoot {dir}
DefaultRuntimeDir {dir}
PidFile {dir}/pid
Mutex file:{dir}
Define APACHE_LOG_DIR {dir}
ErrorLog {dir}/error.log
ServerName localhost
Listen 127.0.0.1:{plain}
Listen 127.0.0.1:{tls}
StartServers 2
ThreadsPerChild 25
MaxRequestWorkers 100
"""


def missing():
    """The programs and modules that are not on this machine."""
    needed = [APACHE, MODULES / "mod_auth_openidc.so"]
    found = [str(path) for path in needed if not Path(path).exists()]
    return found + ([] if shutil.which("openssl") else ["openssl"])


class Browser:
    """Cookies by host, redirects, TLS checked against the test's authority."""

    def __init__(self, authority, ports):
        self.context = ssl.create_default_context(cafile=authority)
        self.ports = ports  # {host: port}, for names that are the sample's
        self.jars = {}
        self.set_cookies = []
        self.way = []       # every address asked for

    def connection(self, url):
        if url.scheme == "http":
            return http.client.HTTPConnection("127.0.0.1", self.ports["plain"], timeout=30)
        c = http.client.HTTPSConnection(url.hostname, url.port, timeout=30, context=self.context)
        port = self.ports.get(url.hostname, url.port)
        c._create_connection = lambda _, timeout, source: socket.create_connection(("127.0.0.1", port), timeout, source)
        return c

    def ask(self, method, address, fields=None, headers=()):
        """headers: pairs, as a name may come twice."""
        url = urllib.parse.urlsplit(urllib.parse.urljoin(ADDRESS, address))
        if url.hostname in self.ports:
            url = url._replace(netloc=url.hostname)  # Apache adds its own port, which the sample's 443 is not
        self.way.append(url.geturl())
        jar = self.jars.setdefault(url.hostname, {})
        body = None if fields is None else urllib.parse.urlencode(fields).encode()
        c = self.connection(url)
        try:
            c.putrequest(method, url.path + ("?" + url.query if url.query else ""), skip_host=True)
            c.putheader("Host", url.netloc)
            if jar:
                c.putheader("Cookie", "; ".join("%s=%s" % pair for pair in jar.items()))
            if body is not None:
                c.putheader("Content-Type", "application/x-www-form-urlencoded")
                c.putheader("Content-Length", str(len(body)))
            for name, value in headers:
                c.putheader(name, value)
            c.endheaders(body)
            answer = Answer(c.getresponse())
        finally:
            c.close()
        for given in answer.headers.get_all("Set-Cookie") or []:
            self.set_cookies.append(given)
            name, _, value = given.partition(";")[0].partition("=")
            if value and "01 Jan 1970" not in given and "Max-Age=0" not in given:
                jar[name] = value
            else:
                jar.pop(name, None)
        return answer

    def get(self, address, headers=()):
        return self.ask("GET", address, headers=headers)

    def post(self, address, fields, headers=()):
        return self.ask("POST", address, fields, headers)

    def follow(self, answer):
        for _ in range(20):
            if answer.status not in (301, 302, 303):
                return answer
            answer = self.get(urllib.parse.urljoin(self.way[-1], answer.headers["Location"]))
        raise Failure("redirected in a circle: %s" % self.way[-4:])

    def go(self, address, headers=()):
        return self.follow(self.get(address, headers))

    def sign_in(self, name, path="/calls"):
        """Opens a page, types a name at the provider, and gives where that leads."""
        shown = self.go(path)
        expect(shown.h1 == "Sign in at the trust", "not asked who it is: %d %s" % (shown.status, shown.words[:200]))
        return self.follow(self.post(self.way[-1], {"user": name}))


class ApacheStage(WebStage):
    def __init__(self, around, **options):
        self.proxy = self.provider = None
        self.front = Path(tempfile.mkdtemp(prefix="e2e_openid."))
        self.is_root = os.geteuid() == 0
        super().__init__(around, **options)
        try:
            self.key = self.dir / "web.key"
            self.key.write_text(secrets.token_hex(32) + "\n")
            self.key.chmod(0o600)
        except BaseException:
            self.close()
            raise

    def add_signed_in(self, name, *options, shown):
        login = "%s_%s" % (self.id, name)
        self.dayfour("staff", "add", login, "RW3", *options, "--name", shown, "--sso", "--web-key-file", self.key)
        self.roles.append(name)
        return login

    def start_page(self):
        """On a socket that the group of the proxy may open, as the unit's drop-in has it."""
        folder = self.front / "dayfour-web"
        folder.mkdir(mode=0o750, exist_ok=True)
        if self.is_root:
            self.front.chmod(0o755)
            os.chown(folder, 0, grp.getgrnam(GROUP).gr_gid)
            self.host = ("setpriv", "--regid", GROUP, "--clear-groups")
        self.socket = folder / "socket"
        self.web = self.start_web(
            web__identity="header", web__key_file=self.key, web__listen="unix:%s" % self.socket, web__origin=ADDRESS,
            web__forwarded_for="X-Forwarded-For", web__logout_url=ADDRESS + "/openid?logout=", http__listen=self.http)
        self.host = ()
        self.http_port = int(self.http.rpartition(":")[2])
        return self.web

    def start_provider(self):
        self.authority = Authority(self.front, "authority")
        self.secret = secrets.token_urlsafe(24)
        self.provider = Provider(self.front, free_port(), *self.authority.issue("provider"), client="dayfour-web",
                                 secret=self.secret, back=ADDRESS + "/openid")

    def site(self, plain, tls):
        """The sample, with its placeholders filled in."""
        cert, key = self.authority.issue("site", "DNS:" + HOST)
        file = self.front / "secret"
        file.write_text("OIDCClientSecret %s\nOIDCCryptoPassphrase %s\n" % (self.secret, secrets.token_hex(16)))
        file.chmod(0o600)
        text = SITE.read_text()
        for old, new in (
                ("*:80>", "127.0.0.1:%d>" % plain), ("*:443>", "127.0.0.1:%d>" % tls),
                ("/etc/ssl/certs/%s.pem" % HOST, cert), ("/etc/ssl/private/%s.key" % HOST, key),
                ("/etc/apache2/dayfour-web.secret", file), ("https://login.example.org/", self.provider.issuer + "/"),
                ("#OIDCCABundlePath /etc/ssl/certs/trust-ca.pem", "OIDCCABundlePath %s" % self.authority.cert),
                ("unix:/run/dayfour-web/socket", "unix:%s" % self.socket)):
            expect(text.count(old) == 1, "%s has %r %d times" % (SITE.name, old, text.count(old)))
            text = text.replace(old, str(new))
        return text

    def start_proxy(self):
        self.ports = {"plain": free_port(), HOST: free_port()}
        text = SERVER.format(dir=self.front, plain=self.ports["plain"], tls=self.ports[HOST])
        if self.is_root:
            text += "User %s\nGroup %s\n" % (GROUP, GROUP)
        text += "".join("LoadModule %s_module %s/mod_%s.so\n" % (name, MODULES, name) for name in LOADED)
        conf = self.front / "apache2.conf"
        conf.write_text(text + self.site(self.ports["plain"], self.ports[HOST]))
        with open(self.front / "console", "wb") as out:
            self.proxy = subprocess.Popen([APACHE, "-f", conf, "-DFOREGROUND"], stdout=out, stderr=out,
                                          stdin=subprocess.DEVNULL, start_new_session=True)
        until(self.proxy_answers, "Apache to answer", 30, 0.1)

    def proxy_answers(self):
        expect(self.proxy.poll() is None, "Apache ended: %s" % self.proxy_says())
        try:
            socket.create_connection(("127.0.0.1", self.ports[HOST]), 1).close()
            return True
        except OSError:
            return False

    def proxy_says(self):
        return " | ".join(path.read_text() for path in (*sorted(self.front.glob("*.log")), self.front / "console"))

    def browser(self):
        return Browser(self.authority.cert, self.ports)

    def stop_proxy(self):
        if self.proxy is None:
            return
        if self.proxy.poll() is None:
            self.proxy.terminate()
            try:
                self.proxy.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.proxy.pid, signal.SIGKILL)
                self.proxy.wait(10)
        self.proxy = None

    def close(self):
        self.stop_proxy()
        if self.provider is not None:
            self.provider.close()
            self.provider = None
        super().close()
        if not os.environ.get("DAYFOUR_TEST_KEEP"):
            shutil.rmtree(self.front, ignore_errors=True)
