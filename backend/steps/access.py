"""Who may log in over the network: root's ssh keys, and whether there is an ssh server at all (spec R70)."""

from __future__ import annotations

from dataclasses import dataclass

from backend.session import Session
from backend.steps.files import MakeLink, WriteFile
from installer.model.plan import Step
from installer.model.wishes import Access

AUTHORIZED_KEYS = "/root/.ssh/authorized_keys"
UNITS = "/etc/systemd/system"
# systemd.unit(5): a link to /dev/null masks a unit; ssh.socket would start the server by itself
SSH_UNITS = ("ssh.service", "ssh.socket")
PACKAGED = "/lib/systemd/system"
SERVERS = ("ssh.service", "sshd.service")  # as Debian calls it, and as others do
WANTS = f"{UNITS}/multi-user.target.wants"


@dataclass(frozen=True)
class StartSsh(Step[Session]):
    """Have the ssh server start with the host.

    Where no package brought one it is a warning: what the packages hold is known only now, behind the point of no
    return, and the host is complete without it.
    """

    @property
    def title(self) -> str:
        return "start the ssh server with the host"

    @property
    def weight(self) -> int:
        return 50_000

    def run(self, session: Session) -> None:
        system = session.system
        server = next((unit for unit in SERVERS if system.exists(f"{PACKAGED}/{unit}")), None)
        if server is None:
            session.warn("the answers switch ssh on, but none of the packages brings an ssh server: it stays off")
            return
        system.link(f"{WANTS}/{server}", f"{PACKAGED}/{server}")


@dataclass(frozen=True)
class AddKeys(Step[Session]):
    """Let root in by further keys, beside those that a host has which is installed over."""

    keys: tuple[str, ...]

    @property
    def title(self) -> str:
        return f"add {len(self.keys)} key{'s' if len(self.keys) > 1 else ''} to {AUTHORIZED_KEYS}"

    def run(self, session: Session) -> None:
        system = session.system
        there = system.read_text(AUTHORIZED_KEYS).splitlines() if system.exists(AUTHORIZED_KEYS) else []
        lines = dict.fromkeys((*there, *self.keys))
        system.write_text(AUTHORIZED_KEYS, "".join(f"{line}\n" for line in lines), mode=0o600)


def access_files(access: Access, *, beside: bool = False) -> tuple[Step[Session], ...]:
    """Return the steps for keys and server; nothing when nothing was asked for: then it is as the packages have it.

    `beside` keeps the keys that are there.
    """
    steps: list[Step[Session]] = []
    if access.ssh_keys and beside:
        steps.append(AddKeys(access.ssh_keys))
    elif access.ssh_keys:
        steps.append(WriteFile(AUTHORIZED_KEYS, "".join(f"{key}\n" for key in access.ssh_keys), mode=0o600))
    if access.ssh is False:
        steps += [MakeLink(f"{UNITS}/{unit}", "/dev/null") for unit in SSH_UNITS]
    if access.ssh is True:
        steps.append(StartSsh())
    return tuple(steps)
