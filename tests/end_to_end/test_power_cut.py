"""The power is cut while a host is installed over: at any moment the old one boots, or the installer goes on."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace

import pytest

from tests.backend.small_repository import small_repository
from tests.end_to_end.disk_image import partitions
from tests.end_to_end.laboratory import INSTALL_S, Laboratory
from tests.end_to_end.over_host import part_sha256
from tests.end_to_end.power_cut import Before, Left, bring_to_its_end, cuts, old_host, table, to_be_booted, what_is_left
from tests.end_to_end.test_reinstall import DONE, REINSTALL
from tests.end_to_end.virtual_machine import Bus
from tests.end_to_end.write_log import Replay, touched

pytestmark = [pytest.mark.vm, pytest.mark.root]
SEED = 20261126
CUTS = int(os.environ.get("CUTS", "200"))
BOOTED = int(os.environ.get("BOOTED", "2"))


@pytest.mark.long
def test_power_cut_at_any_moment_leaves_the_old_host_or_what_finishes_the_new_one(lab: Laboratory) -> None:
    before = old_host(lab)
    root, _, storage = partitions(before)
    known = Before.of(before, root)
    guests = part_sha256(before, storage)
    disk, log = lab.directory / "disk.img", lab.directory / "writes.log"
    subprocess.run(["cp", "--sparse=always", str(before), str(disk)], check=True)
    small_repository(lab.served / "repository")
    answers = lab.serve("over.xml", REINSTALL.format(base=lab.base))
    hardware = replace(lab.hardware(disk, bus=Bus.AHCI), write_log=log)
    said = lab.boot_image(hardware, f"answerfile={answers} install").wait_for_end(INSTALL_S)
    assert DONE in said, said[-2000:]

    replay = Replay.of(before, lab.directory / "cut.img", log)
    assert not touched(replay.writes, storage.start_bytes, storage.start_bytes + storage.size_bytes)
    found: dict[int, Left] = {}
    for count in cuts(replay, SEED, CUTS):
        replay.to(count)
        found[count] = what_is_left(replay.disk, known)
        assert part_sha256(replay.disk, storage) == guests, f"after {count} writes"
    print(f"{len(found)} cuts in {len(replay.writes)} writes\n{table(tuple(found.values()))}")
    assert set(found.values()) == set(Left)

    replay = Replay.of(before, lab.directory / "cut.img", log)
    for count in to_be_booted(found, BOOTED):
        replay.to(count)
        snapshot = replay.snapshot(lab.directory / "booted.img")
        bring_to_its_end(lab, snapshot, answers, known)
        assert part_sha256(snapshot, storage) == guests
        print(f"after {count} writes: {found[count]}: brought to its end")
