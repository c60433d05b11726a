"""The power is cut while a host is installed over: at any moment the old one boots, or the installer goes on."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.backend.small_repository import small_repository
from tests.end_to_end.command import answerfile, installer
from tests.end_to_end.disk_image import partitions, read_file
from tests.end_to_end.laboratory import INSTALL_S, Laboratory
from tests.end_to_end.over_host import entries, part_sha256
from tests.end_to_end.power_cut import Before, Left, cuts, table, what_is_left
from tests.end_to_end.test_reinstall import DONE, REINSTALL
from tests.end_to_end.virtual_machine import Bus
from tests.end_to_end.write_log import Replay, touched

pytestmark = [pytest.mark.vm, pytest.mark.root]
SEED = 20261126
CUTS = int(os.environ.get("CUTS", "200"))
BOOTED = int(os.environ.get("BOOTED", "2"))
INVENTORY = "/etc/xensource-inventory"
GIB = 2**30


def old_host(lab: Laboratory) -> Path:
    """Install a small host at a desk and put data where its guests' storage is."""
    disk = lab.directory / "before.img"
    repository = small_repository(lab.directory / "old")
    text = answerfile("", source=f'<source type="url">{repository}</source>')
    answers = lab.directory / "old.xml"
    answers.write_text(text, encoding="utf-8")
    argv = ["--answerfile", str(answers), "--target", str(disk), "--size", "16G", "install"]
    outcome = installer(*argv, cwd=lab.directory)
    assert outcome.code == 0, outcome.text
    storage = partitions(disk)[2]
    with disk.open("r+b") as stream:
        stream.seek(storage.start_bytes + GIB)
        stream.write(os.urandom(2**20))
    return disk


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
    found: list[Left] = []
    kept: list[Path] = []
    for number, (count, _) in enumerate(cuts(replay, SEED, CUTS)):
        replay.to(count)
        found.append(what_is_left(replay.disk, known))
        assert part_sha256(replay.disk, storage) == guests
        if len(kept) < BOOTED and found[-1] is Left.UNFINISHED and number % 7 == 0:
            kept.append(replay.snapshot(lab.directory / f"cut-{count}.img"))
    print(f"{len(found)} cuts in {len(replay.writes)} writes\n{table(found)}")
    assert {Left.OLD, Left.UNFINISHED, Left.NEW} <= set(found)

    for snapshot in kept:
        hardware = lab.hardware(snapshot, bus=Bus.AHCI)
        said = lab.boot_image(hardware, f"answerfile={answers} install").wait_for_end(INSTALL_S)
        assert DONE in said and "broken off" in said, said[-2000:]
        now, old = (entries(read_file(image, root, INVENTORY)) for image in (snapshot, before))
        assert (now["INSTALLATION_UUID"], now["DEFAULT_SR_UUID"]) == (old["INSTALLATION_UUID"], old["DEFAULT_SR_UUID"])
        assert part_sha256(snapshot, storage) == guests
