"""A whole unattended installation over HTTP onto an image, on one processor and on two, from both kinds of packages.

Beside it stand the same work by the plain tools in the same order, the way of 2007 (fetch, then check, then unpack, by
one processor), and what no installer can be faster than: unpacking alone, and writing the files alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_server
from statistics import median

from tests.bench.figures import LEAST_PAIRS, Cost, Figure, interleaved, ratio
from tests.bench.forms import SHELL, as_zstd, packages_of
from tests.bench.room import Room
from tests.end_to_end.command import INSTALLER, answerfile
from tests.end_to_end.nginx_server import nginx_at

# arguments: the image, the URL, a directory to work in, then the packages; no volume group and no boot loader: less
PREPARE = """\
image=$1 base=$2 room=$3; shift 3
truncate -s 16G "$image"
printf 'label: dos\\nsize=4GiB,type=83,bootable\\nsize=4GiB,type=83\\ntype=8e\\n' | sfdisk -q "$image"
loop=$(losetup --show -f -o 1048576 --sizelimit 4294967296 "$image")
mkfs.ext3 -qF -L root-plain "$loop"
trap 'losetup -d "$loop"' EXIT
mkdir -p "$room/mnt" && mount "$loop" "$room/mnt"
trap 'umount "$room/mnt"; losetup -d "$loop"' EXIT
"""
FINISH = 'dd if=/dev/zero of="$room/mnt/swap" bs=1M count=512 status=none && mkswap -q "$room/mnt/swap"\n'
STREAM = 'for file; do curl -sf "$base/$file" | {unpack} | tar -x -C "$room/mnt" --keep-directory-symlink; done\n'
OLD_WAY = """\
for file; do
    curl -sf -o "$room/package" "$base/$file"
    md5sum "$room/package" >/dev/null
    tar -xjf "$room/package" -C "$room/mnt" --keep-directory-symlink
done
"""
UNPACK = 'base=$2; shift 3; for file; do curl -sf "$base/$file" | {unpack} >/dev/null; done\n'
WRITE = PREPARE + 'for tree in "$room"/trees/*/; do cp -a "$tree" "$room/mnt"; done\n' + FINISH


@dataclass(frozen=True)
class _Form:
    """A kind of package: what a pipe unpacks it by, and by how much less than the way of 2007 it has to take."""

    name: str
    unpack: str
    limit_of_old: dict[int, float]


TBZ2 = _Form("tbz2", "lbzip2 -dc", {1: 1.10, 2: 0.75})
TZST = _Form("tzst", "zstd -dc", {1: 0.40, 2: 0.40})
LIMIT = 1.15


def measure(room: Room) -> tuple[Figure, ...]:
    """Install in every form with one processor and with two; half an hour."""
    main = room.repository / "packages.main"
    zstd = as_zstd(room, [main / name for name in packages_of(main)])
    figures: list[Figure] = []
    with _served(room, {"tbz2": main, "tzst": zstd}) as base:
        for form, directory in ((TBZ2, main), (TZST, zstd)):
            for processors in (1, 2):
                figures += _measured(room, base, form, packages_of(directory), processors)
    return tuple(figures)


def _measured(room: Room, base: str, form: _Form, names: Sequence[str], processors: int) -> tuple[Figure, ...]:
    url = f"{base}/{form.name}"
    plain = PREPARE + STREAM.format(unpack=form.unpack) + FINISH
    runs = (_ours(room, url, processors), _shell(room, plain, url, names, processors))
    ours, plain_costs = interleaved(runs, LEAST_PAIRS)
    # the old way knows bzip2 alone; it takes longest, and the others are beside it once more
    old_names, old_url = packages_of(room.repository / "packages.main"), f"{base}/tbz2"
    slow = (_ours(room, url, processors), _shell(room, PREPARE + OLD_WAY + FINISH, old_url, old_names, processors))
    again, old = interleaved(slow, LEAST_PAIRS)
    bounds = (
        _shell(room, UNPACK.format(unpack=form.unpack), url, names, processors),
        _shell(room, WRITE, url, names, processors),
    )
    unpacked, written = interleaved(bounds, LEAST_PAIRS)
    name = f"road-{form.name}-{processors}"
    return (
        Figure(f"{name}-plain", ratio(ours, plain_costs, _wall), "ratio", LIMIT),
        Figure(f"{name}-2007", ratio(again, old, _wall), "ratio", form.limit_of_old[processors]),
        Figure(f"{name}-ours-s", _seconds(ours), "s"),
        Figure(f"{name}-plain-s", _seconds(plain_costs), "s"),
        Figure(f"{name}-2007-s", _seconds(old), "s"),
        Figure(f"{name}-unpack-s", _seconds(unpacked), "s"),
        Figure(f"{name}-write-s", _seconds(written), "s"),
    )


def _wall(cost: Cost) -> float:
    return cost.wall_s


def _seconds(costs: Sequence[Cost]) -> float:
    return median(cost.wall_s for cost in costs)


def _on(processors: int) -> tuple[str, ...]:
    """Return what runs a program on that many of the processors that this one may use."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < processors:
        raise SystemExit(f"there is {len(allowed)} processor here; the topic needs {processors}")
    return ("taskset", "-c", ",".join(map(str, allowed[:processors])))


def _ours(room: Room, url: str, processors: int) -> Callable[[], None]:
    def run() -> None:
        answers, disk = room.directory / "answers.xml", room.directory / "disk.img"
        answers.write_text(answerfile(url), encoding="utf-8")
        argv = [str(INSTALLER), "--answerfile", str(answers), "--target", str(disk), "--size", "16G", "install"]
        subprocess.run([*_on(processors), *argv], check=True, cwd=room.directory, stdout=subprocess.DEVNULL)
        disk.unlink()

    return run


def _shell(room: Room, script: str, url: str, names: Sequence[str], processors: int) -> Callable[[], None]:
    def run() -> None:
        disk = room.directory / "plain.img"
        arguments = [str(disk), url, str(room.directory), *names]
        subprocess.run([*_on(processors), *SHELL, script, "bench", *arguments], check=True)
        disk.unlink(missing_ok=True)

    return run


@contextmanager
def _served(room: Room, directories: dict[str, Path]) -> Iterator[str]:
    """Serve directories below their names; gives the URL above them."""
    top, state = room.directory / "served", room.directory / "nginx"
    state.mkdir()
    top.mkdir()
    for name, directory in directories.items():
        (top / name).symlink_to(directory.resolve())
    with create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with nginx_at("127.0.0.1", port, top, state) as server:
        yield f"http://{server}"
    shutil.rmtree(room.directory / "trees")
