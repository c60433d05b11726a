"""A power switch for the installer: killed with signal 9 as a step begins, and then started again."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from tests.backend.small_repository import small_repository
from tests.end_to_end.command import INSTALLER, answerfile, installer

# one line a machine: those that images stand in for
MACHINES = ("qemu", "qemu-uefi")
LONGEST_S = 3600.0  # a run takes a second or two, but somebody who measures may have it stopped
IMAGE = ("--target", "disk.img", "--size", "16G")
# step 1 attaches the image; killed in the moment before that is noted down, whose it is nobody knows, and is told how
HOW_TO_DETACH = re.compile(r"losetup --detach /dev/loop\d+(?= frees it\. Nothing was changed\.)")


def _words(machine: str) -> tuple[str, ...]:
    return ("--answerfile", "answers.xml", "--machine", machine, *IMAGE)


def prepare(directory: Path) -> Path:
    """Write a small repository and an answerfile for it."""
    xml = answerfile(str(small_repository(directory / "repository")))
    (directory / "answers.xml").write_text(xml, encoding="utf-8")
    return directory


def titles(directory: Path, machine: str) -> list[str]:
    """Return the titles of all steps, from a dry run."""
    (directory / "disk.img").unlink(missing_ok=True)
    outcome = installer(*_words(machine), "--dry-run", "--json", "install", cwd=directory)
    (plan,) = [record for record in map(json.loads, outcome.out.splitlines()) if record["event"] == "Plan"]
    return [step["title"] for phase in plan["phases"] for step in phase["steps"]]


def kill_and_start_again(directory: Path, machine: str, number: int) -> None:
    """Kill a run as step `number` (from 1) begins; raises AssertionError unless the next run works and leaves nothing.

    The image is the one that the killed run left, as it is.
    """
    (directory / "disk.img").unlink(missing_ok=True)
    argv = [str(INSTALLER), *_words(machine), "--json", "install"]
    with subprocess.Popen(argv, cwd=directory, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            record = json.loads(line)
            if record["event"] == "StepStarted" and record["number"] == number:
                process.kill()
                break
        assert process.wait(timeout=LONGEST_S) == -9
    outcome = installer(*_words(machine), "install", cwd=directory, timeout_s=LONGEST_S)
    if number == 1 and (says := HOW_TO_DETACH.search(outcome.text)):
        subprocess.run(says[0].split(), check=True)
        outcome = installer(*_words(machine), "install", cwd=directory, timeout_s=LONGEST_S)
    assert outcome.code == 0, f"the run after a kill at step {number}: {outcome.text}"
    left = leftovers(directory)
    assert not left, f"after a kill at step {number}: {left}"


def leftovers(directory: Path) -> list[str]:
    """Return what is attached or mounted of a directory."""
    loops = subprocess.run(["losetup", "-l", "-n", "-O", "BACK-FILE"], capture_output=True, text=True, check=True)
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    return [line for line in (loops.stdout + mounts).splitlines() if str(directory) in line]
