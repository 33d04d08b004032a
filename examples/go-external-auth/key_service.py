"""Says whose an API key is: POST /check with {"key": …} is answered by {"valid": true, "principal": …, "tenant": …} or {"valid": false}."""

import hmac
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OWNERS = {
    "key-of-ann": {"principal": "ann", "tenant": "acme"},
    "key-of-bob": {"principal": "bob", "tenant": "globex"},
}
TOKEN = os.environ["SERVICE_TOKEN"]


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200 if self.path == "/healthz" else 404, {})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        # Only the gateway may ask: whoever could would try keys until one fits.
        asker = self.headers.get("authorization", "").encode()
        if not hmac.compare_digest(asker, f"Bearer {TOKEN}".encode()):
            return self.answer(403, {})
        try:
            owner = OWNERS.get(json.loads(body)["key"])
        except (ValueError, KeyError, TypeError):
            return self.answer(400, {})
        print(f"asked: {owner['principal'] if owner else 'nobody knows the key'}", flush=True)
        return self.answer(200, {"valid": True, **owner} if owner else {"valid": False})

    def answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """The questions are told above."""


ThreadingHTTPServer(("127.0.0.1", 8181), Service).serve_forever()
