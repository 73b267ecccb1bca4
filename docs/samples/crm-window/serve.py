"""`python serve.py --key …`: the page, with what it was opened with deciphered before it is sent.

The key stays on the server. It needs pycryptodome, and only where there is a key.
"""

import argparse
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

HERE = Path(__file__).parent
ASSETS = {"/page.js": "text/javascript", "/page.css": "text/css"}
CONSOLE = "http://127.0.0.1:8000"


def decipher(value: str, key: str) -> str:
    """DES with the key's first eight bytes, ECB, PKCS#7, hex. A value that is none of it stays as it is."""
    from Crypto.Cipher import DES  # noqa: PLC0415  only with a key
    from Crypto.Util.Padding import unpad  # noqa: PLC0415  as above

    try:
        return unpad(DES.new(key.encode()[:8], DES.MODE_ECB).decrypt(bytes.fromhex(value)), 8).decode()  # noqa: S304  the vendor's
    except ValueError:
        return value


def page(address: str, key: str, console: str) -> str:
    told = parse_qsl(urlsplit(address).query, keep_blank_values=True)
    shown = json.dumps([(name, decipher(value, key) if key else value) for name, value in told]).replace("<", "\\u003c")
    whole = (HERE / "page.html").read_text(encoding="utf-8")
    return whole.replace(CONSOLE, console).replace('id="deciphered">null', f'id="deciphered">{shown}')


class Handler(BaseHTTPRequestHandler):
    key = ""
    console = CONSOLE

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path in ASSETS:
            self._answer((HERE / path[1:]).read_text(encoding="utf-8"), ASSETS[path])
        else:
            self._answer(page(self.path, self.key, self.console), "text/html")

    def _answer(self, text: str, content_type: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("content-type", f"{content_type}; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.send_header("content-security-policy", f"default-src 'self'; frame-ancestors {self.console}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Addresses hold what is said of visitors: they are not logged."""


def server(port: int, key: str = "", console: str = CONSOLE) -> ThreadingHTTPServer:
    return ThreadingHTTPServer(("127.0.0.1", port), type("Own", (Handler,), {"key": key, "console": console}))


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=8090)
    options.add_argument("--key", default="", help="as in iframeSave; without it values are shown as they come")
    options.add_argument("--console", default=CONSOLE, help="origin of the agents' console")
    asked = options.parse_args()
    with server(asked.port, asked.key, asked.console) as serving:
        serving.serve_forever()
