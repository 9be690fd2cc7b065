"""A certificate authority of a test's own, made by openssl: keys and certificates as PEM files."""
import subprocess
from pathlib import Path

CONFIG = """[ca]
default_ca = own
[own]
dir = {dir}
database = {dir}/index
new_certs_dir = {dir}
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
"""
LONG_AGO, FAR = "20200101000000Z", "20991231000000Z"


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


class Authority:
    def __init__(self, folder, name):
        self.dir = Path(folder) / name
        self.dir.mkdir()
        self.cert = self.dir / "ca.pem"
        (self.dir / "index").touch()
        (self.dir / "ca.conf").write_text(CONFIG.format(dir=self.dir))
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", "/CN=Test authority %s" % name, "-days", "2", "-keyout",
                self.dir / "ca.key", "-out", self.cert)

    def issue(self, name, hosts="DNS:localhost,IP:127.0.0.1", end=FAR):
        """(certificate, key) of a server or client named so; end before now: expired."""
        key, request = self.dir / (name + ".key"), self.dir / (name + ".csr")
        cert = self.dir / (name + ".pem")
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", "/CN=" + name, "-addext", "subjectAltName=" + hosts, "-keyout", key,
                "-out", request)
        openssl("ca", "-batch", "-notext", "-config", self.dir / "ca.conf", "-cert", self.cert,
                "-keyfile", self.dir / "ca.key", "-in", request, "-out", cert,
                "-startdate", LONG_AGO, "-enddate", end)
        return cert, key
