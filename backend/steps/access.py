"""Who may log in over the network: root's ssh keys, and whether there is an ssh server at all (spec R70)."""

from __future__ import annotations

from backend.session import Session
from backend.steps.files import MakeLink, WriteFile
from installer.model.plan import Step
from installer.model.wishes import Access

AUTHORIZED_KEYS = "/root/.ssh/authorized_keys"
UNITS = "/etc/systemd/system"
# systemd.unit(5): a link to /dev/null masks a unit; ssh.socket would start the server by itself
SSH_UNITS = ("ssh.service", "ssh.socket")
WANTED = f"{UNITS}/multi-user.target.wants/ssh.service"


def access_files(access: Access) -> tuple[Step[Session], ...]:
    """Return the steps for keys and server; nothing when nothing was asked for: then it is as the packages have it."""
    steps: list[Step[Session]] = []
    if access.ssh_keys:
        steps.append(WriteFile(AUTHORIZED_KEYS, "".join(f"{key}\n" for key in access.ssh_keys), mode=0o600))
    if access.ssh is False:
        steps += [MakeLink(f"{UNITS}/{unit}", "/dev/null") for unit in SSH_UNITS]
    if access.ssh is True:
        steps.append(MakeLink(WANTED, "/lib/systemd/system/ssh.service"))
    return tuple(steps)
