"""Taking stale storage apart: what is run, in which order, and what it leaves on real files."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from backend.planner import make_plan
from backend.process import Argv
from backend.real_system import RealSystem
from backend.recording import RecordingSystem
from backend.steps.partition import WipeDisk
from backend.steps.stale import EXTENDED, ErasePartitions, erase_steps, stop_steps
from installer.model.check import check_answers
from installer.model.errors import DeviceError
from installer.model.problem import errors
from installer.model.storage import Holder, HolderKind, Part
from installer.model.units import GIB, MIB
from tests.backend.run_plan import recording_session
from tests.backend.sample import ANSWERS, HOST, SDA, SDB, STALE_SDA, VARIANTS
from tests.backend.stale import blank, partitioned, write_md, write_zfs
from tests.needs import needs

ARRAY = Holder("md127", "md127", HolderKind.ARRAY, ("sda", "sdb"))
VOLUME = Holder("dm-1", "vg0-root", HolderKind.LVM, ("sda", "sdb"), "vg0")
OTHER_ARRAY = Holder("md1", "md1", HolderKind.ARRAY, ("sdb",))


class Listing(RecordingSystem):
    """A recording system whose programs all print the same line."""

    def __init__(self, line: str) -> None:
        super().__init__()
        self._line = line

    def run(self, argv: Argv, **options: object) -> tuple[str, ...]:
        """Write the argv down and answer."""
        self.actions.append(tuple(argv))
        return (self._line,)


def test_what_is_on_top_is_stopped_first_and_each_device_once() -> None:
    disks = (replace(SDA, holders=(VOLUME, ARRAY)), replace(SDB, holders=(VOLUME, ARRAY, OTHER_ARRAY)))
    assert [step.holder for step in stop_steps(disks)] == [VOLUME, ARRAY, OTHER_ARRAY]


@pytest.mark.parametrize(
    ("holder", "argv", "title"),
    [
        (VOLUME, "dmsetup remove --retry vg0-root", "stop the logical volume vg0-root of the volume group vg0"),
        (
            replace(VOLUME, kind=HolderKind.MULTIPATH, name="mpatha"),
            "dmsetup remove --retry mpatha",
            "flush the multipath device mpatha",
        ),
        (replace(VOLUME, kind=HolderKind.MAPPING, name="a"), "dmsetup remove --retry a", "remove the mapping a"),
        (ARRAY, "mdadm --stop /dev/md127", "stop the array md127"),
        (
            Holder("loop3", "loop3", HolderKind.LOOP, ("sda",)),
            "losetup --detach /dev/loop3",
            "detach loop3 from sda",
        ),
    ],
)
def test_each_kind_is_stopped_by_its_program(holder: Holder, argv: str, title: str) -> None:
    system = RecordingSystem()
    (step,) = stop_steps((replace(SDA, holders=(holder,)),))
    step.run(recording_session(system))
    assert (" ".join(system.actions[0]), step.title) == (argv, title)


@pytest.mark.parametrize(("holder", "line"), [(VOLUME, "vg0-root"), (ARRAY, "md127 : inactive sda2[0](S)")])
def test_a_device_that_is_still_there_is_an_error(holder: Holder, line: str) -> None:
    (step,) = stop_steps((replace(SDA, holders=(holder,)),))
    with pytest.raises(DeviceError, match=f"{holder.name} cannot be stopped"):
        step.run(recording_session(Listing(line)))


def test_a_device_that_is_gone_already_counts_as_stopped() -> None:
    (step,) = stop_steps((replace(SDA, holders=(VOLUME,)),))
    step.run(recording_session(Listing("Device vg0-root not found")))


# disks with these are refused by check_answers
NOT_STOPPED = {HolderKind.OTHER, HolderKind.CRYPT}


@pytest.mark.parametrize("kind", sorted(NOT_STOPPED))
def test_what_cannot_be_stopped_has_no_step(kind: HolderKind) -> None:
    holding = replace(SDA, holders=(replace(ARRAY, kind=kind),))
    assert stop_steps((holding,)) == ()
    assert errors(check_answers(ANSWERS, replace(HOST, disks=(holding,))))


def test_every_other_kind_has_a_step() -> None:
    for kind in set(HolderKind) - NOT_STOPPED:
        assert len(stop_steps((replace(SDA, holders=(replace(ARRAY, kind=kind),)),))) == 1


def test_running_devices_are_stopped_before_the_check_and_partitions_erased_before_the_disk() -> None:
    titles = [step.title for _, step in make_plan(VARIANTS["stale-storage"]).steps()]
    assert titles[:5] == [
        "stop the logical volume vg0-root of the volume group vg0",
        "stop the array md127",
        "check that sda is unused and still the same disk",
        "erase the 2 partitions of sda",
        "erase what is on sda",
    ]


def test_the_plan_says_what_is_broken_on_other_disks() -> None:
    (note,) = make_plan(VARIANTS["stale-storage"]).notes
    assert note == "the volume group data on sda and sdb is destroyed with sda; sdb is not written"


def test_both_ends_of_every_partition_are_zeroed() -> None:
    system = RecordingSystem()
    (step,) = erase_steps((STALE_SDA,))
    step.run(recording_session(system))
    ends = (MIB, GIB, GIB + MIB, 15 * GIB)
    assert system.actions == [("zero", "/dev/sda", *map(str, ends))]


def test_partitions_beyond_the_disk_and_containers_are_left_out() -> None:
    beyond, container = Part(1, 16 * GIB - MIB, 2 * MIB), Part(2, MIB, GIB, EXTENDED[0])
    tiny, good = Part(3, MIB, 1024), Part(5, 2 * MIB, MIB)
    (step,) = erase_steps((replace(SDA, parts=(beyond, container, tiny, good)),))
    assert step == ErasePartitions("sda", (good,))
    assert erase_steps((replace(SDA, parts=(beyond,)), replace(SDB, parts=()))) == ()


def _signatures(path: Path, *where: str) -> str:
    return subprocess.run(("blkid", "-p", *where, path), capture_output=True, text=True, check=False).stdout


def test_nothing_is_found_afterwards_in_the_partitions_and_at_the_ends(tmp_path: Path) -> None:
    """An array with its mark at the end of a partition, a pool in another, a pool below all of it."""
    needs("blkid", "sfdisk", "wipefs", "mdadm")
    image = blank(tmp_path / "disk.img", 256 * MIB)
    write_zfs(image, "below", size=256 * MIB)
    partitioned(image, "label: gpt\n1M,64M\n65M,80M\n")
    os.truncate(image, 256 * MIB)
    part = blank(tmp_path / "part.img", 64 * MIB)
    write_md(part, "rack7:0", at_end_of=64 * MIB)
    with image.open("r+b") as stream:
        stream.seek(MIB)
        stream.write(part.read_bytes())
    write_zfs(image, "tank", start=65 * MIB, size=80 * MIB)
    places = [("-O", str(MIB), "-S", str(64 * MIB)), ("-O", str(65 * MIB), "-S", str(80 * MIB))]
    assert [("rack7:0" in _signatures(image, *places[0])), ("tank" in _signatures(image, *places[1]))] == [True, True]
    session = recording_session(RecordingSystem())
    session.system = RealSystem(lambda _: None, tmp_path)
    session.devices["sda"] = str(image)
    for _ in range(2):  # a step can run twice
        ErasePartitions("sda", (Part(1, MIB, 64 * MIB), Part(2, 65 * MIB, 80 * MIB))).run(session)
    assert [_signatures(image, *place) for place in places] == ["", ""]
    WipeDisk("sda").run(session)
    assert _signatures(image) == ""
    listed = subprocess.run(("wipefs", "--json", image), capture_output=True, text=True, check=True).stdout
    assert '"type"' not in listed
