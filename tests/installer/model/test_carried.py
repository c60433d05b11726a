"""The table of what is kept holds every file that a broken-off host is known from."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from backend.probe.existing.host import read_host
from backend.probe.existing.settings import SSH_SERVERS, STATIC_ROUTES
from backend.probe.existing.tree import TEXT_LIMIT_BYTES
from installer.model.brand import default_brand
from installer.model.carried import CARRIED
from tests.backend.probe.existing.files import Files
from tests.end_to_end.old_hosts import XENSERVER_40, host_files, host_links


@dataclass(frozen=True)
class Noting(Files):
    """Notes down which files were asked for."""

    asked: set[str] = field(default_factory=set)

    def read(self, path: str, limit: int = TEXT_LIMIT_BYTES) -> bytes | None:
        self.asked.add(path)
        return super().read(path, limit)


def test_every_file_that_a_host_is_known_from_is_kept() -> None:
    """But what the journal has, Debian's own name of the time zone and whether anything starts the ssh server, and what
    is told once as not kept, for it is nothing that the host is known from: the routes.
    """
    tree = Noting({**host_files(XENSERVER_40), "/etc/sysconfig/clock": ""}, host_links(XENSERVER_40))
    found = read_host(tree, "", (), default_brand())
    assert found and found.guests and found.settings.timezone == "Europe/Berlin"
    kept = [row.path for row in CARRIED]
    missing = {path for path in tree.asked if not any(fnmatchcase(path, pattern) for pattern in kept)}
    assert missing == {"/etc/timezone", STATIC_ROUTES, *SSH_SERVERS} and len(tree.asked) > 9
