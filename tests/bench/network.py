"""The package phase over a link that is slow: beside a download of the same files that throws them away.

The link is a pair of virtual NICs, the other end in a network namespace of its own, with a token bucket (tc-tbf(8)) in
front of what the server there sends.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.bench.figures import LEAST_PAIRS, Figure, interleaved, ratio
from tests.bench.forms import as_zstd, packages_of
from tests.bench.packages import package_phase
from tests.bench.room import Room
from tests.end_to_end.nginx_server import nginx_at

OURS, THEIRS = "198.18.77.1", "198.18.77.2"  # RFC 2544: for benchmarks alone
PORT = 8000
QUEUE = ("burst", "256kb", "latency", "50ms")
LIMIT = 1.05


def measure(room: Room) -> tuple[Figure, ...]:
    """Return wall time against curl for zstd packages at 100 Mbit/s and for those compressed by bzip2 at 50 Mbit/s."""
    main = room.repository / "packages.main"
    zstd = as_zstd(room, [main / name for name in packages_of(main)])
    return (
        Figure("zstd-phase-100-mbit-curl", _against_curl(room, zstd, "100mbit"), "ratio", LIMIT),
        Figure("bzip2-phase-50-mbit-curl", _against_curl(room, main, "50mbit"), "ratio", LIMIT),
    )


def _against_curl(room: Room, directory: Path, rate: str) -> float:
    names = packages_of(directory)
    with _link(room, directory, rate) as base:
        ours, plain = interleaved((package_phase(base, room), _curl(base, names)), LEAST_PAIRS)
    return ratio(ours, plain, lambda cost: cost.wall_s)


def _curl(base: str, names: Sequence[str]) -> Callable[[], None]:
    """Return a download of all the files, over one connection."""
    argv = ["curl", "--silent", "--fail"]
    for name in names:
        argv += ["--output", "/dev/null", f"{base}/{name}"]

    def run() -> None:
        subprocess.run(argv, check=True)

    return run


@contextmanager
def _link(room: Room, directory: Path, rate: str) -> Iterator[str]:
    """Serve a directory at the other end of a link of that rate; gives its URL."""
    name = f"bench-{os.getpid()}"
    near, far = f"{name}-a", f"{name}-b"  # 15 characters at most
    state = room.directory / "nginx"
    state.mkdir(exist_ok=True)
    _ip("netns", "add", name)
    try:
        _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", name)
        _ip("address", "add", f"{OURS}/30", "dev", near)
        _ip("link", "set", near, "up")
        _ip("-n", name, "address", "add", f"{THEIRS}/30", "dev", far)
        _ip("-n", name, "link", "set", far, "up")
        _ip("netns", "exec", name, "tc", "qdisc", "add", "dev", far, "root", "tbf", "rate", rate, *QUEUE)
        with nginx_at(THEIRS, PORT, directory, state, within=("ip", "netns", "exec", name)) as server:
            yield f"http://{server}"
    finally:
        subprocess.run(["ip", "link", "del", near], check=False)  # at once; the namespace takes its time
        _ip("netns", "del", name)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
