#!/usr/bin/python3 -s
"""Serve answerfiles and packages over HTTP, and take note of installed hosts, so that the network starts their disks.

A machine that was installed unattended sends the MAC addresses of its NICs by POST to /installed. Each gets a file
01-MAC in the directory that pxelinux (and the GRUB of `make pxe`) looks into first. Whoever reaches the server can
send such a notice: the worst of it is a machine that is not installed until the file is removed.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NOTICE = "/installed"
NOTICE_LIMIT_BYTES = 4096
MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
ETHERNET = "01"  # ARP's number of the hardware, with which pxelinux begins the name (syslinux wiki, PXELINUX)
HOST = """\
# {mac} was installed at {when} UTC. Remove this file to install it again.
serial 0 115200
default disk
label disk
  localboot 0
"""


class Handler(SimpleHTTPRequestHandler):
    """One request; `hosts` is the directory for the files of installed hosts."""

    timeout = 60
    protocol_version = "HTTP/1.1"

    def __init__(self, *arguments: object, hosts: Path, directory: str) -> None:
        self.hosts = hosts
        super().__init__(*arguments, directory=directory)  # type: ignore[arg-type]  # passed on as they came

    def do_POST(self) -> None:
        """Take a notice: one MAC address a line."""
        if self.path != NOTICE:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > NOTICE_LIMIT_BYTES:
            self.close_connection = True
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        macs = self.rfile.read(int(length)).decode("ascii", errors="replace").lower().split()
        if not macs or not all(MAC.fullmatch(mac) for mac in macs):
            self.send_error(HTTPStatus.BAD_REQUEST, "one MAC address a line")
            return
        for mac in macs:
            note(self.hosts, mac)
        answer = f"noted {' '.join(macs)}\n".encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


def note(hosts: Path, mac: str) -> None:
    """Write the file of an installed host, whole or not at all: a machine may be reading it."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    path = hosts / f"{ETHERNET}-{mac.replace(':', '-')}"
    new = hosts / f".{path.name}.{os.getpid()}"
    new.write_text(HOST.format(mac=mac, when=when), encoding="ascii")
    new.chmod(0o644)  # the TFTP server has another user, whatever the umask is here
    new.replace(path)


def main() -> int:
    """Serve until the process is ended; the address is printed first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", required=True, help="what is served: answerfiles, packages")
    parser.add_argument("--hosts", type=Path, required=True, help="pxelinux.cfg of the TFTP server's directory")
    parser.add_argument("--address", default="", help="the address to listen on (default: all)")
    parser.add_argument("--port", type=int, default=80, help="0 takes a free one (default: 80)")
    options = parser.parse_args()
    for directory in (Path(options.directory), options.hosts):
        if not directory.is_dir():
            print(f"boot_server: {directory} is no directory", file=sys.stderr)
            return 2
    handler = partial(Handler, hosts=options.hosts, directory=options.directory)
    try:
        server = ThreadingHTTPServer((options.address, options.port), handler)
    except OSError as error:
        print(f"boot_server: {options.address or '*'}:{options.port}: {error.strerror}", file=sys.stderr)
        return 1
    host, port = server.server_address[:2]
    print(f"serving {options.directory} on http://{host!s}:{port}/", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
