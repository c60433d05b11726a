"""Scripts of every stage: when they are run, with what, and what their failures do; over every transport."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from installer.model.wishes import Stage
from tests.backend.small_repository import ROOT_FILES, small_repository, tarball, write_repository
from tests.backend.sources.ftp_server import Served, ftp_server
from tests.backend.sources.nfs_server import nfs_server
from tests.end_to_end.command import INSTALLER, PASSWORD, Outcome, answerfile, installer
from tests.end_to_end.disk_image import partitions, read_file
from tests.end_to_end.web_server import serving
from tests.needs import needs

pytestmark = pytest.mark.root
START, COMPLETE, FAILED = Stage.INSTALLATION_START, Stage.INSTALLATION_COMPLETE, Stage.INSTALL_FAILED


class Room:
    """A directory with a repository, scripts that write down that they ran, and a disk image that is there already."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.repository = small_repository(directory / "repository")
        self.image = directory / "disk.img"
        self.image.touch()
        os.truncate(self.image, 2**34)
        self._noted = directory / "noted"

    def script(self, stage: Stage, then: str = "") -> str:
        """Put a script in place; returns the element that asks for it by its path, to be closed by what it does."""
        note = f'echo "{stage} $# $1" >> {self._noted}'
        (self.directory / stage).write_text(f"#!/bin/sh\n{note}\n{then}\n", encoding="utf-8")
        return f'<script stage="{stage}" type="url">file://{self.directory}/{stage}</script>'

    @property
    def noted(self) -> list[str]:
        """What the scripts have written down."""
        return self._noted.read_text(encoding="utf-8").splitlines() if self._noted.exists() else []

    @property
    def first_mib(self) -> str:
        """The sum of what the disk begins with."""
        with self.image.open("rb") as stream:
            return hashlib.sha256(stream.read(2**20)).hexdigest()

    def install(self, *scripts: str, options: tuple[str, ...] = (), **replaced: str) -> Outcome:
        """Run the installation; everything it held is free afterwards."""
        url = replaced.pop("url", str(self.repository))
        text = answerfile(url, more="\n".join(scripts), **replaced)
        (self.directory / "answers.xml").write_text(text, encoding="utf-8")
        words = ("--answerfile", "answers.xml", "--target", "disk.img", *options, "install")
        outcome = installer(*words, cwd=self.directory)
        loops = subprocess.run(["losetup", "-l", "-n", "-O", "BACK-FILE"], capture_output=True, text=True, check=True)
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
        assert not [line for line in (loops.stdout + mounts).splitlines() if str(self.directory) in line]
        return outcome

    @property
    def log(self) -> str:
        """The log so far."""
        return (self.directory / "installer-log" / "install.log").read_text(encoding="utf-8")


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    needs("losetup", "mkfs.ext3", "grub-mkimage", "debugfs")
    yield Room(tmp_path)


def aborting(element: str) -> str:
    return element.replace("<script ", '<script on-failure="abort" ')


def test_scripts_run_in_the_order_of_their_stages_with_the_path_of_the_host(room: Room) -> None:
    scripts = [
        room.script(FAILED),
        room.script(COMPLETE, "ls $1/boot/grub/grub.cfg; echo said at the end"),
        room.script(Stage.FILESYSTEM_POPULATED, "test -e $1/etc/fstab && echo populated > $1/root/marker"),
        room.script(START),
    ]
    outcome = room.install(*scripts, options=("--json",))
    assert outcome.code == 0, outcome.text
    start, populated, complete = room.noted
    assert start == f"{START} 0 "
    assert populated.startswith(f"{Stage.FILESYSTEM_POPULATED} 1 /")
    assert complete.split()[2] == populated.split()[2] and complete.startswith(COMPLETE)
    assert "warning" not in outcome.text.lower()
    titles = [record["title"] for line in outcome.out.splitlines() if "title" in (record := json.loads(line))]
    assert {f"run the {stage.script} from file://{room.directory}/{stage}" for stage in Stage} - {*titles} == {
        f"run the {FAILED.script} from file://{room.directory}/{FAILED}"
    }
    root = partitions(room.image)[0]
    assert read_file(room.image, root, "/root/marker") == "populated\n"
    assert "said at the end" in read_file(room.image, root, "/var/log/installer/install.log")
    kept = read_file(room.image, root, "/root/installer-answerfile.xml")
    assert [f'stage="{stage}"' in kept for stage in Stage] == [True] * 4


def test_a_start_that_fails_and_is_to_abort_leaves_the_disk_as_it_was(room: Room) -> None:
    before = room.first_mib
    outcome = room.install(aborting(room.script(START, "echo no thanks; exit 4")), room.script(FAILED))
    assert outcome.code == 1
    assert f"{START.script} from" in outcome.text and "| no thanks" in outcome.text
    assert "Nothing on any disk has been changed." in outcome.text and 'on-failure="continue"' in outcome.text
    assert room.noted == [f"{START} 0 ", f"{FAILED} 0 "]
    assert room.first_mib == before


def test_a_start_that_fails_otherwise_is_told_and_the_installation_goes_on(room: Room) -> None:
    outcome = room.install(room.script(START, "echo no thanks; exit 4"), room.script(FAILED))
    assert outcome.code == 0, outcome.text
    assert f"{START.script} ended with exit status 4: no thanks" in outcome.text
    assert room.noted == [f"{START} 0 "]


def test_a_disk_that_a_start_script_writes_to_is_refused(room: Room) -> None:
    """The comparison just before the point of no return comes after the script."""
    outcome = room.install(room.script(START, f"echo mine | dd of={room.image} conv=notrunc status=none; sync"))
    assert outcome.code == 2, outcome.text
    assert "is not what it was when it was probed" in outcome.text
    with room.image.open("rb") as stream:
        assert stream.read(4) == b"mine"


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not FAILED])
def test_a_script_that_cannot_be_fetched_ends_the_run_with_nothing_changed(room: Room, stage: Stage) -> None:
    before = room.first_mib
    with serving(room.directory) as base:
        missing = f'<script stage="{stage}" type="url">{base}nowhere</script>'
        outcome = room.install(room.script(FAILED, "exit 9"), missing)
    assert outcome.code == 1, outcome.text
    assert "nowhere" in outcome.err and "Nothing was changed." in outcome.err
    assert f"{FAILED.script} ended with exit status 9" in outcome.text
    assert room.noted == [f"{FAILED} 0 "] and room.first_mib == before


def test_a_failed_script_that_cannot_be_fetched_ends_the_run_and_is_told(room: Room) -> None:
    before = room.first_mib
    missing = f'<script stage="{FAILED}" type="url">file://{room.directory}/nowhere</script>'
    outcome = room.install(room.script(FAILED), missing)
    assert outcome.code == 1, outcome.text
    assert f"the {FAILED.script} cannot be run" in outcome.text and "Nothing was changed." in outcome.err
    assert room.noted == [f"{FAILED} 0 "] and room.first_mib == before


def test_after_a_failure_the_script_gets_the_mounted_host_and_hides_nothing(room: Room) -> None:
    """Another MD5 than stated: found while it is unpacked, after the point of no return."""
    main = write_repository(room.directory / "bad" / "packages.main", {"dom0fs": tarball(ROOT_FILES)})
    listing = (main / "XS-PACKAGES").read_text(encoding="ascii").split()
    listing[2] = "0" * 32
    (main / "XS-PACKAGES").write_text(" ".join(listing) + "\n", encoding="ascii")
    script = room.script(FAILED, f'mountpoint "$1" && cat {room.directory}/answers.xml; exit 2')
    outcome = room.install(script, room.script(COMPLETE), url=str(main.parent), options=("--json",))
    assert outcome.code == 1, outcome.text
    records = [json.loads(line) for line in outcome.out.splitlines()]
    kinds = [record["event"] for record in records if not record["event"].startswith(("StepStarted", "StepF", "StepP"))]
    assert kinds == ["StartedAfterFailure", "Warned", "PlanFinished", "Error"]
    assert records[-1]["exit_code"] == 1 and "MD5" in records[-1]["what"]
    (note,) = room.noted
    assert note.startswith(f"{FAILED} 1 /")
    assert f"{note.split()[2]} is a mountpoint" in room.log
    assert "***" in room.log and PASSWORD not in room.log + outcome.text


def test_an_abort_at_the_end_says_that_the_host_boots(room: Room) -> None:
    outcome = room.install(aborting(room.script(COMPLETE, "exit 3")), room.script(FAILED))
    assert outcome.code == 1
    assert "installed and boots" in outcome.text and "not bootable" not in outcome.text
    assert [line.split()[0] for line in room.noted] == [COMPLETE, FAILED]
    with room.image.open("rb") as stream:
        assert stream.read(2) == b"\xeb\x63"


def test_answers_that_do_not_fit_the_machine_run_the_failed_script_and_keep_their_code(room: Room) -> None:
    wrong = '<admin-interface name="eth77" proto="dhcp"/>'
    outcome = room.install(room.script(FAILED, "exit 1"), admin_interface=wrong)
    assert outcome.code == 2, outcome.text
    assert room.noted == [f"{FAILED} 0 "]
    assert room.install(room.script(FAILED), options=("--dry-run",), admin_interface=wrong).code == 2
    assert len(room.noted) == 1


def test_a_run_that_is_broken_off_has_not_failed(room: Room) -> None:
    ready = room.directory / "ready"
    os.mkfifo(ready)
    scripts = room.script(START, f"echo > {ready}; sleep 1000"), room.script(FAILED)
    (room.directory / "answers.xml").write_text(answerfile(str(room.repository), more="".join(scripts)), "utf-8")
    argv = [str(INSTALLER), "--answerfile", "answers.xml", "--target", "disk.img", "install"]
    with subprocess.Popen(argv, cwd=room.directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        ready.read_bytes()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 3
    assert room.noted == [f"{START} 0 "]


def test_plan_of_a_dry_run_names_every_script_and_runs_none(room: Room) -> None:
    outcome = room.install(*(room.script(stage) for stage in Stage), options=("--dry-run",))
    assert outcome.code == 0, outcome.text
    assert all(f"run the {stage.script} from file://{room.directory}/{stage}" in outcome.out for stage in Stage)
    assert room.noted == []


def test_scripts_come_over_http_and_ftp_and_from_the_medium(room: Room) -> None:
    room.script(START)
    room.script(COMPLETE)
    (room.repository / Stage.FILESYSTEM_POPULATED.file_name).write_text("#!/bin/sh\necho > $1/root/populated\n")
    (room.repository / FAILED.file_name).write_text("#!/bin/sh\n")
    served = Served(room.directory)
    with serving(room.directory) as base, ftp_server(served, user="u", password="marked-secret") as ftp:
        outcome = room.install(
            f'<script stage="{START}" type="url">{base}{START}</script>',
            f'<script stage="{COMPLETE}" type="url">ftp://u:marked-secret@{ftp}/{COMPLETE}</script>',
            *(f'<script stage="{stage}" type="local"/>' for stage in (Stage.FILESYSTEM_POPULATED, FAILED)),
            options=("--media", str(room.repository)),
        )
    assert outcome.code == 0, outcome.text
    assert [line.split()[0] for line in room.noted] == [START, COMPLETE]
    assert read_file(room.image, partitions(room.image)[0], "/root/populated") == "\n"
    assert "marked-secret" not in outcome.text + room.log


def test_scripts_come_over_nfs(room: Room) -> None:
    room.script(START)
    room.script(COMPLETE)
    with nfs_server(room.directory, room.directory / "ganesha") as export:
        urls = {stage: escape(export.url("4", f"/{stage}")) for stage in (START, COMPLETE)}
        outcome = room.install(*(f'<script stage="{s}" type="nfs">{url}</script>' for s, url in urls.items()))
    assert outcome.code == 0, outcome.text
    assert [line.split()[0] for line in room.noted] == [START, COMPLETE]
