#!/usr/bin/env python3
"""Takes the picture at the top of README.md: the list of calls that ./run demo leaves running.

    /usr/bin/python3 scripts/demo/picture.py [--address URL] [--login LOGIN] [--password-file FILE]

Without options it takes them from the run folder (DAYFOUR_RUN_DIR, else .run). Everybody on it is invented.
"""
import argparse
import base64
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from browser import Browser  # noqa: E402
from web_pages import log_in  # noqa: E402

SIZE = (1120, 860)


def main():
    run_dir = Path(os.environ.get("DAYFOUR_RUN_DIR", ROOT / ".run"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--address")
    parser.add_argument("--login", default="demo-physio")
    parser.add_argument("--password-file", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "doc" / "images" / "calls.png")
    args = parser.parse_args()
    address = args.address or "http://127.0.0.1:" + (run_dir / "ports.dayfour-web").read_text().strip()
    password = (args.password_file or run_dir / "secrets" / args.login).read_text().strip()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with Browser(address, size=SIZE) as b:
        log_in(b, args.login, password)
        b.visit("/calls")
        data = b.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    args.out.write_bytes(base64.b64decode(data["data"]))


if __name__ == "__main__":
    main()
