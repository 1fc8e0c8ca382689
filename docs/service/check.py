#!/usr/bin/env python3
"""Checks that a build of the service still does its work. Exit code 1, with what is wrong, if it doesn't.

Usage: check.py PROGRAM [answers] [speaks_tls] [survives_a_panic]
"""

import http.server
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request

RULES = [
    {"name": "error", "pattern": r"(?i)\berror\b"},
    {"name": "slow", "pattern": r"took \d{4,} ms"},
    {"name": "umlaut", "pattern": r"(?i)größe"},
]
LINES = "GET / 200\nan ERROR occurred\nGET / took 1234 ms\nDIE GRÖSSE, die GRÖßE\nterrors\n"


class Hook(http.server.BaseHTTPRequestHandler):
    """A webhook that keeps what it is told."""

    told: list[dict[str, str]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.told.append(json.loads(body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Service:
    """The program, running."""

    def __init__(self, program: str, folder: pathlib.Path, notify: str) -> None:
        rules = folder / "rules.json"
        rules.write_text(json.dumps(RULES))
        command = [program, "--listen", "127.0.0.1:0", "--rules", str(rules), "--notify", notify, "--log", "error"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout
        self.address = self.process.stdout.readline().removeprefix("listening on ").strip()

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def ask(self, path: str, body: str | None = None) -> str:
        """The text of an answer."""
        data = None if body is None else body.encode()
        with urllib.request.urlopen(f"http://{self.address}{path}", data, timeout=20) as answer:
            return answer.read().decode()


def equal(what: str, got: object, wanted: object) -> None:
    """Ends with a message when the two differ."""
    if got != wanted:
        sys.exit(f"{what}: {got!r} instead of {wanted!r}")


def answers(program: str, folder: pathlib.Path) -> None:
    """The service counts, answers in three formats, and tells a webhook."""
    hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    with Service(program, folder, f"http://127.0.0.1:{hook.server_port}/hook") as service:
        equal("/lines", json.loads(service.ask("/lines", LINES)), {"lines": 5, "matched": 3})
        counts = [{"name": "error", "count": 1}, {"name": "slow", "count": 1}, {"name": "umlaut", "count": 1}]
        wanted = {"lines": 5, "sent": 3, "failed": 0, "matches": counts}
        equal("/stats", json.loads(service.ask("/stats")), wanted)
        equal("/stats, pretty", json.loads(service.ask("/stats?format=pretty")), wanted)
        equal("/rules", json.loads(service.ask("/rules")), RULES)
        equal("/rules/1, text", service.ask("/rules/1?format=text"), 'name="slow"\npattern="took \\\\d{4,} ms"\n')
        equal("the webhook", [message["rule"] for message in Hook.told], ["error", "slow", "umlaut"])
        equal("its first line", Hook.told[0]["line"], "an ERROR occurred")
        equal("/health", json.loads(service.ask("/health"))["healthy"], True)
        try:
            service.ask("/stats?format=xml")
        except urllib.error.HTTPError as error:
            equal("/stats, xml", error.code, 400)
        else:
            sys.exit("/stats, xml: no error")


def speaks_tls(program: str, folder: pathlib.Path) -> None:
    """For https, the first thing that it sends is the greeting of TLS, and a refusal counts as a failure."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        greetings: list[bytes] = []

        def serve() -> None:
            connection, _ = server.accept()
            greetings.append(connection.recv(3))
            connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        with Service(program, folder, f"https://127.0.0.1:{server.getsockname()[1]}/") as service:
            service.ask("/lines", "error\n")
            stats = json.loads(service.ask("/stats"))
            equal("https: sent and failed", (stats["sent"], stats["failed"]), (0, 1))
        thread.join()
        equal("https: the first two bytes", greetings[0][:2], b"\x16\x03")


def survives_a_panic(program: str, folder: pathlib.Path) -> None:
    """A request that panics ends alone."""
    with Service(program, folder, "http://127.0.0.1:1/") as service:
        try:
            service.ask("/rules/99")
            sys.exit("/rules/99: no panic")
        except OSError:
            pass
        try:
            service.ask("/health")
        except OSError:
            sys.exit("a request that panics ends the whole service")


CHECKS = {"answers": answers, "speaks_tls": speaks_tls, "survives_a_panic": survives_a_panic}


def main(program: str, names: list[str]) -> None:
    help_text = subprocess.run([program, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
    if "--notify <URL>" not in help_text:
        sys.exit("--help doesn't explain --notify")
    with tempfile.TemporaryDirectory() as folder:
        for name in names or CHECKS:
            CHECKS[name](program, pathlib.Path(folder))


if __name__ == "__main__":
    if len(sys.argv) < 2 or not set(sys.argv[2:]) <= set(CHECKS):
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
