#!/usr/bin/python3
"""Serve an answerfile of its own to every machine that is known, and none to others.

    docs/answerfile_server.py 8080 machines.json http://192.168.77.1/XenServer_4.0.1

machines.json has what differs, by MAC address:

    {"52:54:00:12:34:56": {"hostname": "rack7", "disk": "sda", "password": "!!"}}

Machines ask by answerfile=http://192.168.77.1:8080/{mac}.xml, or for any other file: then the headers tell who asks.
"""

import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

ANSWERFILE = """\
<installation>
  <primary-disk>{disk}</primary-disk>
  <keymap>us</keymap>
  <root-password type="hash">{password}</root-password>
  <source type="url">{source}</source>
  <admin-interface hwaddr="{mac}" proto="dhcp"/>
  <hostname>{hostname}</hostname>
  <timezone>UTC</timezone>
</installation>
"""


class Handler(BaseHTTPRequestHandler):
    """Answers GET requests."""

    def do_GET(self) -> None:
        """Answer with the answerfile of the first address that is known."""
        machines = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))  # anew each time: it may be edited
        for mac in self.macs():
            if mac in machines:
                values = {"mac": mac, "source": sys.argv[3], **machines[mac]}
                self.reply(200, ANSWERFILE.format_map({name: escape(text) for name, text in values.items()}))
                return
        self.reply(404, "no such machine\n")

    def macs(self) -> Iterator[str]:
        """Give the MAC addresses that may be those of the machine: of the file's name, then of the headers."""
        yield unquote(urlsplit(self.path).path).rpartition("/")[2].removesuffix(".xml")
        number = 0
        while header := self.headers.get(f"X-Installer-MAC-{number}"):
            yield header.split()[1]
            number += 1

    def reply(self, status: int, text: str) -> None:
        """Send a whole answer."""
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    with ThreadingHTTPServer(("", int(sys.argv[1])), Handler) as server:
        print(f"http://127.0.0.1:{server.server_address[1]}/", flush=True)
        server.serve_forever()
