#!/usr/bin/python3 -s
"""Serve answerfiles and packages over HTTP, and take note of installed hosts, so that the network starts their disks.

A machine that was installed unattended sends the MAC addresses of its NICs and its UUID by POST to /installed. Each
gets a file, 01-MAC or UUID, in the directory that pxelinux (and the GRUB of `make pxe`) looks into first: the NIC that
it starts from may be one that the image has no driver for. Whoever reaches the server can send such a notice: the worst
of it is a machine that is not installed until its files are removed.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import UUID

NOTICE = "/installed"
NOTICE_LIMIT_BYTES = 4096
MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ETHERNET = "01"  # ARP's number of the hardware, with which pxelinux begins the name (syslinux wiki, PXELINUX)
HOST = """\
# {machine} was installed at {when} UTC. Remove all files with this line to install it again.
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
        """Take a notice: one MAC address or UUID a line."""
        if self.path != NOTICE:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > NOTICE_LIMIT_BYTES:
            self.close_connection = True
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        machines = self.rfile.read(int(length)).decode("ascii", errors="replace").lower().split()
        if not machines or not all(map(names, machines)):
            self.send_error(HTTPStatus.BAD_REQUEST, "one MAC address or UUID a line")
            return
        note(self.hosts, machines)
        answer = f"noted {' '.join(machines)}\n".encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


def names(machine: str) -> tuple[str, ...]:
    """Return the files that a machine may look for by its MAC address or UUID, none for what is neither.

    Firmware may tell the loader the first three fields of the UUID either end first (SMBIOS 7.2.1, RFC 4578 2.3).
    """
    if MAC.fullmatch(machine):
        return (f"{ETHERNET}-{machine.replace(':', '-')}",)
    return (machine, str(UUID(bytes=UUID(machine).bytes_le))) if UUID_TEXT.fullmatch(machine) else ()


def note(hosts: Path, machines: Sequence[str]) -> None:
    """Write the files of an installed host, each whole or not at all: a machine may be reading it."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    for name in (name for machine in machines for name in names(machine)):
        new = hosts / f".{name}.{os.getpid()}"
        new.write_text(HOST.format(machine=" ".join(machines), when=when), encoding="ascii")
        new.chmod(0o644)  # the TFTP server has another user, whatever the umask is here
        new.replace(hosts / name)


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
