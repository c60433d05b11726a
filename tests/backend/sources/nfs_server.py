"""A real NFS server on loopback for tests: NFS-Ganesha, versions 3 and 4, on ports of its own."""

from __future__ import annotations

import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.needs import needs

PORT_MAPPER = 111  # rpcbind; Ganesha offers no version 3 without it
START_S = 20.0
CONFIGURATION = """\
NFS_CORE_PARAM {{
	NFS_Port = {nfs}; MNT_Port = {mount}; NLM_Port = {other}; Rquota_Port = {last};
	Enable_NLM = false; Enable_RQUOTA = false; Enable_UDP = false; Protocols = 3, 4; Bind_addr = 127.0.0.1;
}}
NFS_KRB5 {{ Active_krb5 = false; }}
NFSv4 {{ Graceless = true; RecoveryRoot = {state}; }}
EXPORT {{
	Export_Id = 1; Path = {directory}; Pseudo = /srv/xs; Access_Type = RO; Squash = root_squash; SecType = sys, none;
	Protocols = 3, 4; Transports = TCP; FSAL {{ Name = VFS; }}
}}
"""


@dataclass
class Export:
    """Where the directory is found: under its own name with version 3, as /srv/xs with version 4.

    `restart` ends the server and starts another one after some seconds; `pid` is that of the one that runs.
    """

    directory: Path
    nfs_port: int
    mount_port: int
    pid: int
    restart: Callable[[float], None] = lambda after_s: None

    def url(self, version: str, path: str = "") -> str:
        """Return an address below the directory for one version."""
        place = "/srv/xs" if version == "4" else str(self.directory)
        return f"nfs://127.0.0.1{place}{path}?version={version}&nfsport={self.nfs_port}&mountport={self.mount_port}"


@contextmanager
def nfs_server(directory: Path, state: Path) -> Iterator[Export]:
    """Export a directory, read by everybody; `state` is where the server keeps what it writes."""
    needs("ganesha.nfsd", "nfs-cat", "nfs-ls", "rpcbind")
    state.mkdir()
    ports = _free_ports(4)
    for parent in (directory, *directory.parents):
        if stat.S_IMODE(parent.stat().st_mode) == 0o700:  # pytest's own
            parent.chmod(0o755)
    settings = CONFIGURATION.format(
        nfs=ports[0], mount=ports[1], other=ports[2], last=ports[3], directory=directory, state=state
    )
    (state / "ganesha.conf").write_text(settings, encoding="ascii")
    argv = ["ganesha.nfsd", "-F", "-f", str(state / "ganesha.conf"), "-L", str(state / "log"), "-p", str(state / "pid")]
    with ExitStack() as stack:
        if not _listens(PORT_MAPPER):
            stack.enter_context(_running(["rpcbind", "-f", "-w"], PORT_MAPPER))
        running = stack.enter_context(ExitStack())
        server = running.enter_context(_running(argv, ports[0]))
        export = Export(directory, ports[0], ports[1], server.pid)

        def restart(after_s: float) -> None:
            running.close()
            time.sleep(after_s)
            export.pid = running.enter_context(_running(argv, ports[0])).pid

        export.restart = restart
        yield export


@contextmanager
def _running(argv: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end_s = time.monotonic() + START_S
        while not _listens(port):
            assert process.poll() is None and time.monotonic() < end_s, f"{argv[0]} does not start"
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [listener.getsockname()[1] for listener in listeners]
