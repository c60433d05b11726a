"""Golden plans: what the user confirms, and what is run, for every variant of the sample installation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from backend.execute import execute
from backend.plan_parts import Inputs
from backend.planner import make_plan
from backend.recording import RecordingSystem
from backend.steps.beside import MakeBackupFilesystem, MountOldHost
from backend.steps.kept import SaveKeptFiles
from backend.steps.partition import CheckDisk
from backend.steps.scripts import RunScript
from backend.steps.storage import MakeStorageFilesystem
from installer.model.errors import DiskRefused
from installer.model.journal import JournalStep
from installer.model.storage import Signature
from installer.model.wishes import Stage, StorageType
from tests.backend.run_plan import recording_session
from tests.backend.sample import ANSWERS, HOST, INPUTS, PLANS, SDA, VARIANTS

FIRST = Stage.INSTALLATION_START


def _compare(path: Path, text: str, *, write: bool) -> None:
    if write:
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", VARIANTS)
def test_plan_reads_as_agreed(name: str, write_golden: bool) -> None:
    text = "\n".join(make_plan(VARIANTS[name]).describe()) + "\n"
    _compare(PLANS / f"{name}.plan", text, write=write_golden)


@pytest.mark.parametrize("name", VARIANTS)
def test_plan_runs_as_agreed(name: str, write_golden: bool) -> None:
    """Every change in order, and the final text of every file."""
    system = RecordingSystem()
    execute(make_plan(VARIANTS[name]), recording_session(system), lambda event: None)
    lines = [" ".join(action) for action in system.actions]
    for path, text in sorted(system.files.items()):
        lines += ["", f"== {path}", *text.splitlines()]
    _compare(PLANS / f"{name}.actions", "\n".join(lines) + "\n", write=write_golden)


def test_plan_is_the_same_twice() -> None:
    assert make_plan(INPUTS) == make_plan(INPUTS)


def test_disk_below_16_gb_is_refused() -> None:
    small = replace(INPUTS, host=replace(HOST, disks=(replace(SDA, size_bytes=15_999_999_999),)))
    with pytest.raises(DiskRefused, match="too small"):
        make_plan(small)


def test_no_disk_but_the_chosen_ones_is_named() -> None:
    """The second disk of the machine was not chosen: neither plan nor actions know it."""
    plan = make_plan(INPUTS)
    system = RecordingSystem()
    execute(plan, recording_session(system), lambda event: None)
    assert "sdb" not in "\n".join(plan.describe())
    assert not any("sdb" in word for action in system.actions for word in action)


@pytest.mark.parametrize("name", VARIANTS)
def test_boot_code_comes_after_everything_that_boots(name: str) -> None:
    phases = make_plan(VARIANTS[name]).phases
    later = (Stage.INSTALLATION_COMPLETE.script, "what was kept")
    titles = [phase.title for phase in phases if phase.title not in later]
    assert titles[-2:] == ["boot loader", "log"]
    assert [phase.title for phase in phases if phase.bootable] == [
        phase.title for phase in phases[1 + [phase.title for phase in phases].index("boot loader") :]
    ]


@pytest.mark.parametrize("name", VARIANTS)
def test_checks_come_before_the_point_of_no_return(name: str) -> None:
    phases = make_plan(VARIANTS[name]).phases
    harmless = [phase.title for phase in phases if not phase.destructive]
    assert [phase.title for phase in phases[: len(harmless)]] == harmless
    assert set(harmless) == {"last checks"} | {phase.title for phase in phases} & {Stage.INSTALLATION_START.script}


def test_disks_are_compared_again_after_what_may_take_its_time() -> None:
    steps = [step for _, step in make_plan(VARIANTS["scripts-of-all-stages"]).steps()]
    (script,) = [at for at, step in enumerate(steps) if isinstance(step, RunScript) and step.stage is FIRST]
    assert steps[script - 1] == steps[script + 1] == CheckDisk("sda")


def test_primary_disk_named_again_as_guest_disk_is_one_disk() -> None:
    inputs: Inputs = VARIANTS["two-disks-static"]
    assert [disk.heading.split()[1] for disk in make_plan(inputs).disks] == ["sda", "sdb"]
    assert inputs.answers.disks.all == ("sda", "sdb", "/dev/sda")


def test_answers_are_not_shown_with_their_secrets() -> None:
    text = repr(make_plan(INPUTS)) + repr(ANSWERS) + repr(INPUTS)
    assert "marked-secret" not in text


@pytest.mark.parametrize("step", [JournalStep.REPLACING, JournalStep.RESTORING])
def test_control_domain_that_is_half_made_is_never_taken_for_the_old_host(step: JournalStep) -> None:
    """What was kept of the old one would be replaced by what is left of it."""
    inputs = VARIANTS["over-host-broken-off"]
    assert inputs.installed
    plan = make_plan(replace(inputs, installed=replace(inputs.installed, step=step)))
    assert not [one for _, one in plan.steps() if isinstance(one, MountOldHost | SaveKeptFiles | MakeBackupFilesystem)]


def test_backup_gets_a_file_system_of_its_own_and_nothing_else_does() -> None:
    """An older one may hold times to the second only; without a new backup, the older one stays."""
    made = {}
    for name in ("over-host", "over-host-without-backup"):
        inputs = VARIANTS[name]
        disk = inputs.host.disks[0]
        parts = tuple(replace(part, signatures=(Signature("ext3"),)) for part in disk.parts)
        host = replace(inputs.host, disks=(replace(disk, parts=parts), *inputs.host.disks[1:]))
        steps = [step for _, step in make_plan(replace(inputs, host=host)).steps()]
        made[name] = sum(isinstance(step, MakeBackupFilesystem) for step in steps)
    assert made == {"over-host": 1, "over-host-without-backup": 0}


def test_file_system_for_guests_on_a_disk_of_its_own_has_the_size_of_that_disk() -> None:
    disks = replace(ANSWERS.disks, primary=("sda",), guest=("sdb",), storage_on_primary=False)
    larger = replace(HOST, disks=(HOST.disks[0], replace(HOST.disks[1], size_bytes=2 * HOST.disks[0].size_bytes)))
    answers = replace(ANSWERS, disks=disks, storage_type=StorageType.EXT)
    plan = make_plan(replace(INPUTS, answers=answers, host=larger))
    (step,) = [step for phase in plan.phases for step in phase.steps if isinstance(step, MakeStorageFilesystem)]
    assert (step.device, step.size_bytes) == ("sdb", larger.disks[1].size_bytes)
