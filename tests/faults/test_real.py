"""Real tools on image files: failing changes leave nothing behind, and a step run twice leaves what it left once.

`make faults` lets every change fail, before and after it was made; here each kind of change fails in one of the ways.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.failing import FailingSystem
from tests.faults.real import MACHINES, Sweep, World, run, world
from tests.faults.test_recorded import twice

# the log tells of both runs, and a password's salt is new each time
EVER_NEW = ("var/log/installer/install.log", "etc/shadow", "etc/shadow-")
pytestmark = pytest.mark.root


@pytest.fixture(params=MACHINES)
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, MACHINES[request.param]) as made:
        yield made


def test_a_failure_of_any_kind_of_change_leaves_nothing_behind(here: World) -> None:
    sweep = Sweep(here)
    sweep.without_faults()
    positions = sweep.kinds()
    for position in positions:
        sweep.fail_at(position, after=position % 2 == 0)
    assert len(positions) > 20


def _output(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


@contextmanager
def _partition(image: Path, number: int) -> Iterator[str]:
    """Attach one partition of an image, read-only."""
    part = json.loads(_output("sfdisk", "--json", str(image)))["partitiontable"]["partitions"][number - 1]
    where = ["--offset", str(part["start"] * 512), "--sizelimit", str(part["size"] * 512)]
    loop = _output("losetup", "--find", "--show", "--read-only", *where, str(image)).strip()
    try:
        yield loop
    finally:
        _output("losetup", "--detach", loop)


def _result(here: World) -> list[object]:
    """Return what an installation made: table, signatures, and every file with mode, owner and content."""
    found: list[object] = [_output("sfdisk", "--dump", str(here.image))]
    with here.image.open("rb") as stream:
        found.append(hashlib.sha256(stream.read(2**20)).hexdigest())
    count = len(json.loads(_output("sfdisk", "--json", str(here.image)))["partitiontable"]["partitions"])
    for number in range(1, count + 1):
        with _partition(here.image, number) as loop:
            shown = subprocess.run(["blkid", "-p", "-o", "export", loop], check=False, capture_output=True, text=True)
            found.append([line for line in shown.stdout.splitlines() if not line.startswith("DEVNAME")])
    mount_point = here.directory / "result"
    mount_point.mkdir(exist_ok=True)
    with _partition(here.image, 1) as loop:
        _output("mount", "-o", "ro,noload", loop, str(mount_point))
        try:
            found += [_entry(path, mount_point) for path in sorted(mount_point.rglob("*"))]
        finally:
            _output("umount", str(mount_point))
    return found


def _entry(path: Path, root: Path) -> tuple[object, ...]:
    name, status = str(path.relative_to(root)), path.lstat()
    content = os.readlink(path) if path.is_symlink() else ""
    if path.is_file() and not path.is_symlink() and name not in EVER_NEW:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
    return name, status.st_mode, status.st_uid, status.st_gid, content


def test_every_step_run_twice_leaves_the_same(here: World) -> None:
    results = []
    for plan in (here.plan(), twice(here.plan())):
        events, _, error = run(here, FailingSystem(here.directory / "scratch"), plan)
        assert error is None, (error, events[-3:])
        here.check_left(allowed_loop=False)
        results.append(_result(here))
    once, again = results
    assert [entry for entry in again if entry not in once] == []
    assert [entry for entry in once if entry not in again] == []
    assert any(isinstance(entry, tuple) and entry[0] == "etc/ran" for entry in once)
