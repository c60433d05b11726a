#!/usr/bin/python3
"""Take the reports of installations: a file of JSON lines for each run, and a line here for what people want to know.

    docs/report_receiver.py 8081 reports

Machines report to it by <report>http://192.168.77.1:8081/</report>, --report or the kernel's word report=.
"""

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LARGEST = 16 * 1024 * 1024  # bytes of one request; anybody may send some
SHOWN = {"Started", "StepStarted", "Warned", "StepFailed", "Problem", "Error", "Ended"}
last: dict[str, int] = {}  # the number of the last record of each run: one that was sent again is left out


class Handler(BaseHTTPRequestHandler):
    """Answers POST requests."""

    def do_POST(self) -> None:
        """Keep the records of one run."""
        run, length = self.headers.get("X-Installer-Run", ""), int(self.headers.get("Content-Length", 0))
        if not re.fullmatch("[0-9a-f]{32}", run) or length > LARGEST:
            self.send_error(400)
            return
        mac = self.headers.get("X-Installer-MAC-0", "?")
        with Path(sys.argv[2], f"{run}.jsonl").open("ab") as kept:
            for line in self.rfile.read(length).splitlines():
                record = json.loads(line)
                if record["sequence"] <= last.get(run, 0):
                    continue
                last[run] = record["sequence"]
                kept.write(line + b"\n")
                if record["event"] in SHOWN:
                    told = {name: value for name, value in record.items() if name not in ("event", "time", "sequence")}
                    print(record["time"], mac, record["event"], json.dumps(told), flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not printed."""


if __name__ == "__main__":
    Path(sys.argv[2]).mkdir(exist_ok=True)
    ThreadingHTTPServer(("", int(sys.argv[1])), Handler).serve_forever()
