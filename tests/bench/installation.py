"""A whole unattended installation over HTTP: bytes fetched, and the most memory that the installer's process took."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath

from tests.bench.figures import Figure
from tests.bench.room import Room
from tests.end_to_end.command import INSTALLER, answerfile

PACKAGES = "*.tar.bz2"
LOOK_S = 0.02
KIB_A_MIB = 1024


def measure(room: Room) -> tuple[Figure, ...]:
    """Install both packs twice: as they come, and with every package verified before."""
    size = sum(path.stat().st_size for path in room.repository.rglob(PACKAGES))
    plain_bytes, plain_mib = _install(room)
    verified_bytes, verified_mib = _install(room, "--verify")
    return (
        Figure("http-bytes", plain_bytes / size, "ratio", 1.00),
        Figure("http-bytes-verified", verified_bytes / size, "ratio", 2.00),
        Figure("installer-memory", max(plain_mib, verified_mib), "MiB", 80),
    )


def _install(room: Room, *more: str) -> tuple[int, float]:
    """Return the bytes of packages that the server sent, and the peak of the installer's own memory in MiB."""
    packages = {path.name for path in room.repository.rglob(PACKAGES)}
    with counting(room.repository, packages) as (base, sent):
        (room.directory / "answers.xml").write_text(answerfile(base), encoding="utf-8")
        argv = [str(INSTALLER), "--answerfile", "answers.xml", "--target", "disk.img", "--size", "16G", *more]
        with subprocess.Popen([*argv, "--json", "install"], cwd=room.directory, stdout=subprocess.DEVNULL) as process:
            peak = _watch(process)
        if process.returncode:
            raise SystemExit(f"the installation failed with exit status {process.returncode}")
    (room.directory / "disk.img").unlink()
    return sum(sent), peak


def _watch(process: subprocess.Popen[bytes]) -> float:
    """Wait for the end; the high-water mark only rises, so that the last look is the peak."""
    peak = 0.0
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        except OSError:
            break
        found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
        peak = int(found[1]) / KIB_A_MIB if found else peak
        try:
            process.wait(LOOK_S)
        except subprocess.TimeoutExpired:
            continue
    process.wait()
    return peak


@contextmanager
def counting(directory: Path, counted: Collection[str]) -> Iterator[tuple[str, list[int]]]:
    """Serve a directory; gives its URL and a list that grows by the bytes sent of the files with the counted names."""
    sent: list[int] = []

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            source = self.send_head()
            if source:
                with source:
                    while data := source.read(2**20):
                        self.wfile.write(data)
                        if PurePosixPath(self.path).name in counted:
                            sent.append(len(data))

        def log_message(self, format: str, *args: object) -> None:
            """Requests are not printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(directory)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", sent
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
