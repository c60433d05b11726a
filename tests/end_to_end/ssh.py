"""The OpenSSH client, typed on as a person would, logged in to a virtual machine through a port of this one."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pexpect

from tests.end_to_end.laboratory import SHELL_S
from tests.needs import needs

PROMPT = r"installer:~# "
# the key is asked for, never remembered; nothing of this machine's own settings counts
OPTIONS = (
    "StrictHostKeyChecking=ask",
    "UserKnownHostsFile=/dev/null",
    "PubkeyAuthentication=no",
    "NumberOfPasswordPrompts=1",
)


def free_port() -> int:
    """Return a port of this machine that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


@dataclass
class Session:
    """A shell of the machine; `fingerprint` is what the client says of the key it was shown."""

    child: pexpect.spawn[str]
    fingerprint: str

    def wait_for(self, pattern: str) -> str:
        """Return what came until the pattern, and the match."""
        self.child.expect(pattern, timeout=SHELL_S)
        return f"{self.child.before or ''}{self.child.after or ''}"

    def run(self, command: str) -> str:
        """Return what a command printed, and `status N`."""
        self.child.sendline(f"{command}; echo stat''us $?")
        self.wait_for(r"\n")  # the command, as it was typed
        said = self.wait_for(r"status \d+\r\n")
        self.wait_for(PROMPT)
        return said.replace("\r", "")

    def finding(self, secret: str, *paths: str) -> list[str]:
        """Return the files that hold a secret; the search is not one of them."""
        said = self.run(f"grep -rals '{secret[:-1]}[{secret[-1]}]' {' '.join(paths)}")
        return re.sub(r"\x1b\[\?2004.", "", said).splitlines()[:-1]


@contextmanager
def logged_in(port: int, password: str) -> Iterator[Session]:
    """Log in as root; raises AssertionError with what the client said when the password is not taken."""
    needs("ssh")
    options = (word for option in OPTIONS for word in ("-o", option))
    argv = ["TERM=xterm-256color", "LC_ALL=C.UTF-8", "ssh", "-F", "none", "-p", str(port), *options, "root@127.0.0.1"]
    child = pexpect.spawn("env", argv, encoding="utf-8", codec_errors="replace", dimensions=(30, 100))
    child.delaybeforesend = None
    try:
        child.expect(r"fingerprint is (SHA256:[\w+/]{43})", timeout=SHELL_S)
        fingerprint = child.match.group(1) if isinstance(child.match, re.Match) else ""
        child.sendline("yes")
        child.expect("password: ", timeout=SHELL_S)
        child.sendline(password)
        if child.expect([PROMPT, pexpect.EOF], timeout=SHELL_S) == 1:
            raise AssertionError(f"no shell: {child.before}")
        yield Session(child, fingerprint)
    finally:
        child.close(force=True)
