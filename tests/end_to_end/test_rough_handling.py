"""What must not happen when scripts, users and other programs interfere with a run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.backend.small_repository import small_repository
from tests.end_to_end.command import INSTALLER, PASSWORD, answerfile, installer
from tests.end_to_end.disk_image import partitions, read_file
from tests.end_to_end.web_server import answering

pytestmark = pytest.mark.root
IMAGE = ("--target", "disk.img", "--size", "16G")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return small_repository(tmp_path / "repository")


def _write(tmp_path: Path, repository: Path, script: str = "", **replaced: str) -> None:
    if script:
        (tmp_path / "hook").write_text(script, encoding="utf-8")
        replaced["more"] = f'<post-install-script type="url">{tmp_path}/hook</post-install-script>'
    (tmp_path / "answers.xml").write_text(answerfile(str(repository), **replaced), encoding="utf-8")


def _leftovers(tmp_path: Path) -> list[str]:
    loops = subprocess.run(["losetup", "-l", "-n", "-O", "BACK-FILE"], capture_output=True, text=True, check=True)
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    return [line for line in (loops.stdout + mounts).splitlines() if str(tmp_path) in line]


def test_what_a_script_mounts_in_the_target_is_never_deleted(tmp_path: Path, repository: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("data", encoding="utf-8")
    _write(tmp_path, repository, f"#!/bin/sh\nmkdir -p $1/srv\nmount --bind {outside} $1/srv\n")
    outcome = installer("--answerfile", "answers.xml", *IMAGE, "install", cwd=tmp_path)
    assert outcome.code == 0, outcome.text
    assert (outside / "precious").read_text(encoding="utf-8") == "data"
    assert _leftovers(tmp_path) == []


def test_what_a_script_leaves_running_neither_blocks_nor_holds_the_target(tmp_path: Path, repository: Path) -> None:
    _write(tmp_path, repository, "#!/bin/sh\ncd $1 && sleep 1000 &\nsleep 0.2\n")
    outcome = installer("--answerfile", "answers.xml", *IMAGE, "install", cwd=tmp_path, timeout_s=120)
    assert outcome.code == 0, outcome.text
    assert _leftovers(tmp_path) == []


def test_password_that_a_script_prints_is_masked_everywhere(tmp_path: Path, repository: Path) -> None:
    _write(tmp_path, repository, f"#!/bin/sh\ncat {tmp_path}/answers.xml | grep password\nexit 4\n")
    for mode in ((), ("--json",)):
        (tmp_path / "disk.img").unlink(missing_ok=True)
        outcome = installer("--answerfile", "answers.xml", *IMAGE, *mode, "install", cwd=tmp_path)
        assert outcome.code == 0 and "exit status 4" in outcome.text
        assert PASSWORD not in outcome.text
    assert PASSWORD not in (tmp_path / "installer-log" / "install.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo no interpreter\n", "does not begin with `#!`"),
        ("#!/bin/sh\r\necho\r\n", "DOS line ends"),
        ("#!/usr/bin/nosuch\n", "/usr/bin/nosuch is not on this machine"),
    ],
)
def test_script_that_cannot_run_is_refused_before_anything_is_written(
    tmp_path: Path, repository: Path, script: str, words: str
) -> None:
    _write(tmp_path, repository, script)
    outcome = installer("--answerfile", "answers.xml", *IMAGE, "install", cwd=tmp_path)
    assert outcome.code == 1 and words in outcome.err, outcome.text
    assert not (tmp_path / "disk.img").exists()


@pytest.mark.parametrize("reader", [["head", "-n", "3"], ["sh", "-c", "exec >/dev/null; true"]])
def test_reader_of_the_output_that_goes_away_does_not_break_the_run(
    tmp_path: Path, repository: Path, reader: list[str]
) -> None:
    _write(tmp_path, repository)
    argv = [str(INSTALLER), "--answerfile", "answers.xml", *IMAGE, "--json", "install"]
    with subprocess.Popen(argv, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        subprocess.run(reader, stdin=process.stdout, check=True, capture_output=True)
        if process.stdout:
            process.stdout.close()
        assert process.wait(timeout=120) == 0
        assert b"Traceback" not in (process.stderr.read() if process.stderr else b"")
    assert _leftovers(tmp_path) == []


def test_full_output_device_does_not_break_the_run(tmp_path: Path, repository: Path) -> None:
    _write(tmp_path, repository)
    argv = [str(INSTALLER), "--answerfile", "answers.xml", *IMAGE, "install"]
    with open("/dev/full", "wb") as full:
        result = subprocess.run(argv, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, check=False, timeout=120)
    assert b"Traceback" not in result.stderr
    assert "PlanFinished(ok=True" in (tmp_path / "installer-log" / "install.log").read_text(encoding="utf-8")
    assert _leftovers(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signal_releases_everything_and_exits_3(tmp_path: Path, repository: Path, number: signal.Signals) -> None:
    pause = f"sleep {200000 + os.getpid() + number}"
    _write(tmp_path, repository, f"#!/bin/sh\n{pause}\n")
    with _running_until(tmp_path, "post-install script") as process:
        process.send_signal(number)  # often in the middle of starting the script
        rest = process.stdout.read() if process.stdout else ""
        assert process.wait(timeout=60) == 3
    assert "broken off" in rest and "not bootable" in rest
    assert _leftovers(tmp_path) == []
    assert not _runs(pause)
    image = tmp_path / "disk.img"
    assert "broken off" in read_file(image, partitions(image)[0], "/installation-unfinished")


def test_kill_9_leaves_no_mount_and_the_next_run_frees_the_image(tmp_path: Path, repository: Path) -> None:
    pause = f"sleep {100000 + os.getpid()}"
    _write(tmp_path, repository, f"#!/bin/sh\ncd $1\nexec {pause}\n")  # it outlives the installer, in the target
    with _running_until(tmp_path, "post-install script") as process:
        _wait_for(lambda: _runs(pause))
        process.kill()
        process.wait()
    _write(tmp_path, repository)
    held = installer("--answerfile", "answers.xml", "--target", "disk.img", "install", cwd=tmp_path)
    assert held.code == 2 and "fuser -vm" in held.err + held.out, held.text
    subprocess.run(["pkill", "-x", "-f", pause], check=True)
    _wait_for(lambda: not _runs(pause))
    seen = installer("--answerfile", "answers.xml", "--target", "disk.img", "--dry-run", "install", cwd=tmp_path)
    assert "an installation that was not finished" in seen.out, seen.text
    again = installer("--answerfile", "answers.xml", "--target", "disk.img", "install", cwd=tmp_path)
    assert again.code == 0, again.text
    assert _leftovers(tmp_path) == []


def _runs(command: str) -> bool:
    return subprocess.run(["pgrep", "-x", "-f", command], check=False, capture_output=True).returncode == 0


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@contextmanager
def _running_until(tmp_path: Path, phase: str) -> Iterator[subprocess.Popen[str]]:
    argv = [str(INSTALLER), "--answerfile", "answers.xml", *IMAGE, "--json", "install"]
    with subprocess.Popen(argv, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            record = json.loads(line)
            if record["event"] == "StepStarted" and record["phase"] == phase:
                break
        yield process
        process.kill()


def test_image_that_comes_into_being_meanwhile_is_not_overwritten(tmp_path: Path, repository: Path) -> None:
    def create() -> bytes:
        (tmp_path / "disk.img").write_bytes(b"somebody's data")
        return b"#!/bin/sh\n"

    with answering(create) as url:
        _write(tmp_path, repository, more=f'<post-install-script type="url">{url}</post-install-script>')
        outcome = installer("--answerfile", "answers.xml", *IMAGE, "install", cwd=tmp_path)
    assert outcome.code == 2, outcome.text
    assert (tmp_path / "disk.img").read_bytes() == b"somebody's data"


def test_target_that_the_answers_do_not_choose_is_refused(tmp_path: Path, repository: Path) -> None:
    _write(tmp_path, repository)
    arguments = ["--answerfile", "answers.xml", *IMAGE, "--target", "sdz=other.img", "install"]
    outcome = installer(*arguments, cwd=tmp_path)
    assert outcome.code == 2 and "sdz" in outcome.err
    assert not (tmp_path / "other.img").exists() and not (tmp_path / "disk.img").exists()


@pytest.mark.parametrize("directory", ["/proc/nowhere", "answers.xml"])
def test_log_that_cannot_be_written_is_said_before_anything_else(
    tmp_path: Path, repository: Path, directory: str
) -> None:
    _write(tmp_path, repository)
    outcome = installer("--answerfile", "answers.xml", *IMAGE, "--log-dir", directory, "install", cwd=tmp_path)
    assert outcome.code == 2 and "the log cannot be written" in outcome.err and "Traceback" not in outcome.err
    assert not (tmp_path / "disk.img").exists()


def test_log_never_follows_a_link(tmp_path: Path, repository: Path) -> None:
    _write(tmp_path, repository)
    (tmp_path / "victim").write_text("mine", encoding="utf-8")
    (tmp_path / "installer-log").mkdir()
    (tmp_path / "installer-log" / "install.log").symlink_to(tmp_path / "victim")
    outcome = installer("--answerfile", "answers.xml", *IMAGE, "install", cwd=tmp_path)
    assert outcome.code == 2
    assert (tmp_path / "victim").read_text(encoding="utf-8") == "mine"


def test_record_machine_writes_into_a_device_and_does_not_replace_it(tmp_path: Path) -> None:
    device = tmp_path / "null"
    os.mknod(device, 0o600 | 0o020000, os.makedev(1, 3))
    assert installer("--record-machine", str(device), cwd=tmp_path).code == 0
    assert device.is_char_device()
    assert installer("--record-machine", "/nowhere/at/all", cwd=tmp_path).code == 2


def test_block_device_target_is_installed_like_an_image(tmp_path: Path, repository: Path) -> None:
    """A loop device stands for a disk of the machine; without storage, with a locked password and a static address."""
    image = tmp_path / "backing.img"
    image.touch()
    os.truncate(image, 2**34)
    loop = subprocess.run(["losetup", "-f", "--show", str(image)], capture_output=True, text=True, check=True).stdout
    static = '<admin-interface name="eth0" proto="static"><ip>10.0.0.2</ip><subnet-mask>255.0.0.0</subnet-mask>'
    _write(
        tmp_path,
        repository,
        primary_disk='<primary-disk gueststorage="no">sda</primary-disk>',
        root_password='<root-password type="hash">!!</root-password>',
        admin_interface=static + "<gateway>10.0.0.1</gateway></admin-interface>",
    )
    machine = Path(__file__).parent.parent / "machines" / "twins.json"
    arguments = ["--answerfile", "answers.xml", "--target", f"sda={loop.strip()}", "--machine", str(machine), "install"]
    try:
        outcome = installer(*arguments, cwd=tmp_path)
        assert outcome.code == 0, outcome.text
        again = installer(*arguments, cwd=tmp_path)
        assert again.code == 0, again.text
        table = subprocess.run(["sfdisk", "--json", loop.strip()], stdout=subprocess.PIPE, text=True, check=True).stdout
    finally:
        subprocess.run(["partx", "--delete", loop.strip()], check=False, capture_output=True)
        subprocess.run(["losetup", "-d", loop.strip()], check=True)
    assert len(json.loads(table)["partitiontable"]["partitions"]) == 2
