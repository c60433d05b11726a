"""A run that ends by signal 9 at one of its changes, in a process with mounts of its own, as the product has them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from backend.confined import unshare_mounts
from backend.real_system import RealSystem
from tests.faults.failing import FailingSystem
from tests.faults.injuries import Kills
from tests.faults.roads import Road, Run

PAUSE_S = 0.02
TRIES = 3000


def run_and_kill(road: Road, run: Run, position: int, what: str, *, during: bool) -> None:
    """Run it in a process that is killed as it comes to this change; waits until all that it left has ended."""
    scratch = road.here.directory / "killed"
    if (child := os.fork()) == 0:
        _be_killed(road, run, FailingSystem(scratch, position, fault=Kills(during=during)))
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, f"{what}: {status}"
    _wait_for_session(child)
    _wait_for_mounts(road.here.image)
    shutil.rmtree(scratch, ignore_errors=True)


def _be_killed(road: Road, run: Run, system: FailingSystem) -> None:
    try:
        os.setsid()
        unshare_mounts()
        RealSystem.run(system, ("mount", "--make-rslave", "/"))
        system.changes.clear()
        road.run(run, system)
    finally:
        os._exit(7)


def _wait(done: Callable[[], bool], what: str) -> None:
    """By tries and not by the clock, which goes on while somebody who measures has all this stopped."""
    for _ in range(TRIES):
        if done():
            return
        time.sleep(PAUSE_S)
    raise AssertionError(what)


def _wait_for_session(session: int) -> None:
    """Wait for the programs that a killed installer left running; most end for want of their input."""
    _wait(lambda: not _output("ps", "--no-headers", "-o", "pid", "--sid", str(session)), "programs still run")


def _wait_for_mounts(image: Path) -> None:
    """Wait until the kernel has let go of a killed process's mounts: the file systems are not in use any more."""
    loops = [line.split(":")[0] for line in _output("losetup", "-j", str(image)).splitlines()]
    names = [os.path.basename(loop) for loop in loops]

    def unmounted() -> bool:
        return not any(entry.startswith(tuple(names) or ("-",)) for entry in os.listdir("/sys/fs/ext4"))

    _wait(unmounted, "still mounted")


def _output(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout
