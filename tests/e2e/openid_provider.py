"""A small OpenID provider of a test's own: discovery, authorize, token with an RS256 id_token, JWKS, end_session.

openssl signs. A person is signed in by name alone, once per browser, until end_session.
"""
import base64
import hashlib
import json
import secrets
import ssl
import subprocess
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COOKIE = "provider"
FORM = ("<!DOCTYPE html><title>p</title><h1>Sign in at the trust</h1>"
        "<form method=\"post\" action=\"%s\"><input name=\"user\"></form>")


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    """An RSA key in a file of openssl's."""

    def __init__(self, path):
        self.path = path
        subprocess.run(["openssl", "genrsa", "-out", path, "2048"], check=True, capture_output=True, timeout=60)
        shown = subprocess.run(["openssl", "rsa", "-in", path, "-noout", "-modulus"], check=True, capture_output=True,
                               text=True, timeout=60).stdout
        self.modulus = bytes.fromhex(shown.strip().partition("=")[2])

    def jwk(self, kid):
        return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": b64url(self.modulus), "e": "AQAB"}

    def signed(self, claims, kid):
        head = {"alg": "RS256", "typ": "JWT", "kid": kid}
        text = ".".join(b64url(json.dumps(part).encode()) for part in (head, claims))
        done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.path], input=text.encode(), check=True,
                              capture_output=True, timeout=60)
        return text + "." + b64url(done.stdout)


class Provider:
    """people: {name typed: claims of theirs}. spoil: changes the claims of the next tokens; by_other_key signs them."""

    def __init__(self, folder, port, certificate, key, client, secret, back):
        self.issuer = "https://localhost:%d" % port
        self.client, self.secret, self.back = client, secret, back
        self.key, self.other_key = Key(folder / "provider.key"), Key(folder / "other.key")
        self.people, self.signed_in, self.codes, self.hints = {}, {}, {}, []
        self.issued = {}  # id_token -> name
        self.faults = []  # what the client did that it must not
        self.asked = []   # paths
        self.spoil, self.by_other_key = None, False
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.provider = self
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)

    def metadata(self):
        found = {"issuer": self.issuer, "jwks_uri": self.issuer + "/jwks",
                 "response_types_supported": ["code"], "subject_types_supported": ["public"],
                 "id_token_signing_alg_values_supported": ["RS256"],
                 "code_challenge_methods_supported": ["S256"],
                 "token_endpoint_auth_methods_supported": ["client_secret_basic"]}
        for name in ("authorization", "token", "end_session"):
            found[name + "_endpoint"] = "%s/%s" % (self.issuer, name)
        return found

    def may(self, condition, what):
        if not condition:
            self.faults.append(what)
        return condition

    def new_code(self, name, asked):
        """The code, if the client may ask so; else None."""
        good = (self.may(asked.get("client_id") == self.client, "client_id") and
                self.may(asked.get("redirect_uri") == self.back, "redirect_uri") and
                self.may(asked.get("response_type") == "code", "response_type") and
                self.may("openid" in asked.get("scope", "").split(), "scope") and
                self.may(asked.get("code_challenge_method") == "S256", "no PKCE") and
                self.may(asked.get("nonce") and asked.get("state"), "nonce and state"))
        if not good:
            return None
        code = secrets.token_urlsafe(16)
        self.codes[code] = (name, asked)
        return code

    def tokens(self, given, authorization):
        """The answer to a code; None if it is not the client's, or not one that is open."""
        basic = "Basic " + base64.b64encode(("%s:%s" % (self.client, self.secret)).encode()).decode()
        found = self.codes.pop(given.get("code"), None)
        if not self.may(authorization == basic, "secret") or not self.may(found is not None, "code"):
            return None
        name, asked = found
        digest = b64url(hashlib.sha256(given.get("code_verifier", "").encode()).digest())
        if not self.may(digest == asked["code_challenge"], "code_verifier"):
            return None
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": self.client, "iat": now, "exp": now + 300, "nonce": asked["nonce"],
                  "sub": hashlib.sha256(name.encode()).hexdigest()[:16], **self.people[name]}
        if self.spoil is not None:
            self.spoil(claims)
        token = (self.other_key if self.by_other_key else self.key).signed(claims, "1")
        self.issued[token] = name
        return {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 300, "id_token": token}

    def end_session(self, hint):
        """True: the person of that token is signed out."""
        self.hints.append(hint)
        name = self.issued.get(hint)
        for cookie in [c for c, who in self.signed_in.items() if who == name]:
            del self.signed_in[cookie]
        return self.may(name is not None, "id_token_hint")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="text/html", **headers):
        data = body.encode()
        self.send_response(status)
        sent = {"Content-Type": kind, "Content-Length": str(len(data)), "Connection": "close", **headers}
        for name, value in sent.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def answer_json(self, status, value):
        self.answer(status, json.dumps(value), "application/json")

    def parts(self):
        url = urllib.parse.urlsplit(self.path)
        return url.path, dict(urllib.parse.parse_qsl(url.query))

    def typed(self):
        return dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()))

    def send_back(self, name, asked, **headers):
        code = self.server.provider.new_code(name, asked)
        if code is None:
            self.answer(400, "not so")
            return
        query = urllib.parse.urlencode({"code": code, "state": asked["state"]})
        self.answer(302, "", Location=asked["redirect_uri"] + "?" + query, **headers)

    def do_GET(self):
        provider = self.server.provider
        path, asked = self.parts()
        provider.asked.append(path)
        if path == "/.well-known/openid-configuration":
            self.answer_json(200, provider.metadata())
        elif path == "/jwks":
            self.answer_json(200, {"keys": [provider.key.jwk("1")]})
        elif path == "/authorization":
            cookie = (self.headers.get("Cookie") or "").partition("=")[2]
            name = provider.signed_in.get(cookie)
            if name is None:
                self.answer(200, FORM % self.path.replace("&", "&amp;"))
            else:
                self.send_back(name, asked)
        elif path == "/end_session":
            good = provider.end_session(asked.get("id_token_hint"))
            self.answer(200 if good else 400, "<h1>%s</h1>" % ("Signed out of the trust" if good else "not so"))
        else:
            self.answer(404, "")

    def do_POST(self):
        provider = self.server.provider
        path, asked = self.parts()
        provider.asked.append(path)
        given = self.typed()
        if path == "/authorization" and given.get("user") in provider.people:
            cookie = secrets.token_hex(8)
            provider.signed_in[cookie] = given["user"]
            self.send_back(given["user"], asked, Set_Cookie="%s=%s; Path=/; HttpOnly; Secure" % (COOKIE, cookie))
        elif path == "/token":
            tokens = provider.tokens(given, self.headers.get("Authorization"))
            self.answer_json(200 if tokens else 400, tokens or {"error": "invalid_grant"})
        else:
            self.answer(400, "not so")
