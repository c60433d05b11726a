"""Every recorded machine with one common answerfile: what is said against it, or what is done to its disks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from backend.plan_parts import Inputs
from backend.planner import make_plan
from installer.answerfile import read_answerfile, write_answerfile
from installer.model.answers import Answers, DiskChoice
from installer.model.check import check_answers
from installer.model.host import Host
from installer.model.machine_file import dump_host, load_host
from installer.model.problem import errors
from tests.backend.sample import IDENTITIES, INPUTS, PLANS

MACHINES = Path(__file__).parents[1] / "machines"
GOLDEN = PLANS / "machines"
COMMON = """<installation>
  <primary-disk>{disk}</primary-disk>
  <keymap>us</keymap>
  <root-password>marked-secret-7f3a</root-password>
  <source type="url">http://mirror/xs</source>
  <admin-interface name="eth0" proto="dhcp" />
  <timezone>Europe/London</timezone>
</installation>
"""
DISK_PHASES = ("last checks", "disks")
# what else is worth asking of some machines than to take their first disk
MORE: dict[str, DiskChoice] = {
    "foreign_volume_group-both": DiskChoice(("sda",), ("sdb",)),
    "foreign_volume_group-given-up": DiskChoice(("sda",), erase_shared=True),
    "foreign_volume_group-other": DiskChoice(("sdc",)),
    "multipath-both-paths": DiskChoice(("sda",), ("sdc",)),
    "multipath-two-disks": DiskChoice(("sda",), ("sdd",)),
    "running_array-both": DiskChoice(("sda",), ("sdb",)),
    "virtio_stale-given-up": DiskChoice(("vda",), ("vdb",), erase_shared=True),
    "virtio_stale-guest": DiskChoice(("vda",), ("vdb",)),
    "zfs_pool_and_stick-both": DiskChoice(("sda",), ("sdb",)),
    "zfs_pool_and_stick-stick": DiskChoice(("sdc",)),
}
CASES = sorted([path.stem for path in MACHINES.glob("*.json")] + list(MORE))


def load(case: str) -> Host:
    name = case.partition("-")[0] + ".json"
    return load_host((MACHINES / name).read_bytes(), name)


def common_answers(host: Host, case: str) -> Answers:
    """Read the common answerfile for the first disk that is offered (sda when there is none)."""
    offered = [disk for disk in host.disks if not disk.excluded]
    text = COMMON.format(disk=offered[0].name if offered else "sda")
    draft, problems = read_answerfile(text.encode(), "common.xml")
    assert problems == ()
    answers = draft.complete()
    return replace(answers, disks=MORE[case]) if case in MORE else answers


def outcome(case: str) -> str:
    """Return what is said of the answers, and of the plan what is done to disks."""
    host = load(case)
    answers = common_answers(host, case)
    disks = ", ".join(answers.disks.all)
    lines = [f"chosen: {disks}", *(f"{disk.label()}: {disk.contents or 'unknown contents'}" for disk in host.disks)]
    lines += ["", *(problem.line() for problem in check_answers(answers, host))]
    if errors(check_answers(answers, host)):
        return "\n".join([*lines, "", "refused"]) + "\n"
    inputs = Inputs(answers, host, INPUTS.repositories, IDENTITIES)
    plan = make_plan(inputs)
    shown = replace(plan, packages=(), phases=tuple(one for one in plan.phases if one.title in DISK_PHASES))
    return "\n".join([*lines, "", *shown.describe()]) + "\n"


@pytest.mark.parametrize("case", CASES)
def test_outcome_is_as_agreed(case: str, write_golden: bool) -> None:
    path = GOLDEN / f"{case}.txt"
    if write_golden:
        path.write_text(outcome(case), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == outcome(case)


def test_every_golden_outcome_is_of_a_case() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(CASES)


@pytest.mark.parametrize("case", [path.stem for path in sorted(MACHINES.glob("*.json"))])
def test_machine_and_answers_read_back_as_they_were_written(case: str) -> None:
    host = load(case)
    assert load_host(dump_host(host), case) == host
    answers = common_answers(host, case)
    assert read_answerfile(write_answerfile(answers.draft()).encode(), "again")[0].complete() == answers


PLANNED = [case for case in CASES if not errors(check_answers(common_answers(load(case), case), load(case)))]


@pytest.mark.parametrize("case", PLANNED)
def test_no_disk_but_the_chosen_ones_is_in_a_step(case: str) -> None:
    host = load(case)
    answers = common_answers(host, case)
    chosen = {disk.name for name in answers.disks.all if (disk := host.disk(name))}
    others = {disk.name for disk in host.disks} - chosen
    words = repr(make_plan(Inputs(answers, host, INPUTS.repositories, IDENTITIES)).phases)
    holders = repr([holder for disk in host.disks for holder in disk.holders])
    assert not [name for name in others if f"'{name}'" in words and f"'{name}'" not in holders]


def test_there_are_machines_of_every_kind() -> None:
    """The list of the requirement; the names are the files'."""
    kinds = {"nvme", "twins", "virtio", "multipath", "stale_md_member", "foreign_volume_group", "gpt_at_end"}
    kinds |= {"no_disk", "big_disk", "small_disk", "forty_nics", "no_nic"}
    assert kinds <= {path.stem for path in MACHINES.glob("*.json")}
