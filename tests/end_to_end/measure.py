"""Measures the boot image: its size, the time of each phase of an installation, the least memory it needs."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pexpect

from tests.conftest import BUILD
from tests.end_to_end.disk_image import partitions, read_file
from tests.end_to_end.laboratory import INSTALL_S, Laboratory, laboratory
from tests.end_to_end.rich_answers import serve_answers

SUCCESS = "the machine restarts"
FAILURE = r"There is a shell on|Kernel panic|Out of memory"
MEMORIES_MIB = (384, 448, 512, 640, 768, 896, 1024)
STARTED = re.compile(r"StepStarted\(number=(\d+), .*?phase='([^']+)'")
FINISHED = re.compile(r"StepFinished\(number=(\d+), .*duration_s=([0-9.]+)")


def phase_times(log: str) -> dict[str, float]:
    """Return the seconds of each phase in order, from the text of an installation's log."""
    phases: dict[int, str] = {int(number): phase for number, phase in STARTED.findall(log)}
    times: dict[str, float] = {}
    for number, seconds in FINISHED.findall(log):
        phase = phases[int(number)]
        times[phase] = times.get(phase, 0.0) + float(seconds)
    return times


def install(lab: Laboratory, memory_mib: int, *, under_xen: bool) -> tuple[str, Path]:
    """Install the payload in a machine of that memory; returns what its console said and the disk."""
    disk = lab.disk(f"disk-{memory_mib}")
    words = f"answerfile={serve_answers(lab.served, lab.base, 'vda')} install panic=1"
    machine = lab.boot_image(lab.hardware(disk, memory_mib=memory_mib), words, under_xen=under_xen)
    machine.child.expect([SUCCESS, FAILURE, pexpect.EOF, pexpect.TIMEOUT], timeout=INSTALL_S)
    said = f"{machine.child.before or ''}{machine.child.after or ''}"
    if SUCCESS in said:
        machine.wait_for_end()
    machine.close()
    return said, disk


def main() -> int:
    """Print the figures; exits with 1 when no amount of memory was enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--under-xen", action="store_true", help="with the hypervisor below the installer")
    parser.add_argument("--memory", type=int, nargs="+", default=MEMORIES_MIB, help="MiB to try, rising")
    options = parser.parse_args()
    for name in ("install.img", "install-fast.img", "vmlinuz"):
        if (path := BUILD / name).exists():
            print(f"{name}: {path.stat().st_size / 2**20:.1f} MiB")
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm")))
        image, hypervisor = BUILD / "install-fast.img", BUILD / "payload" / "xen" / "boot" / "xen.gz"
        lab = stack.enter_context(laboratory("measure", directory, BUILD / "vm", image, hypervisor))
        lab.served.joinpath("repository").symlink_to((BUILD / "repository").resolve())
        for memory_mib in options.memory:
            said, disk = install(lab, memory_mib, under_xen=options.under_xen)
            if SUCCESS not in said:
                print(f"{memory_mib} MiB: not enough: {said.strip().splitlines()[-1]}", flush=True)
                continue
            took = re.search(r"Installed in [0-9]+ s", said)
            print(f"{memory_mib} MiB: {took[0] if took else 'installed'}", flush=True)
            for phase, seconds in phase_times(read_file(disk, partitions(disk)[0], LOG)).items():
                print(f"{seconds:8.1f} s  {phase}")
            return 0
    return 1


LOG = "/var/log/installer/install.log"

if __name__ == "__main__":
    sys.exit(main())
