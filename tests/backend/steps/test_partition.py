"""Steps on whole disks: what is looked at again before something is taken away."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from backend.real_system import RealSystem
from backend.recording import RecordingSystem
from backend.session import Session
from backend.steps.partition import DetachLeftBehind
from installer.model.errors import DiskRefused
from installer.model.units import MIB
from tests.backend.run_plan import recording_session
from tests.needs import needs

IMAGE = "disk.img"


def _output(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def _file_of(loop: str) -> str:
    return _output("losetup", "--list", "--noheadings", "--output=BACK-FILE", loop)


@pytest.fixture
def real(tmp_path: Path) -> RealSystem:
    return RealSystem(lambda line: None, tmp_path / "scratch")


@pytest.fixture
def loop(tmp_path: Path, real: RealSystem) -> Iterator[str]:
    """A loop device on an image, noted down as an installer's that has ended; the test's own file is beside it."""
    needs("losetup", "partx")
    for name in (IMAGE, "other.img"):
        tmp_path.joinpath(name).touch()
        os.truncate(tmp_path / name, 8 * MIB)
    device = _output("losetup", "--find", "--show", str(tmp_path / IMAGE))
    real.note_attached(device, str(tmp_path / IMAGE))
    with ExitStack() as stack:
        stack.callback(real.note_detached, device)
        stack.callback(lambda: str(tmp_path) in _file_of(device) and _output("losetup", "--detach", device))
        yield device


def _session(system: RealSystem) -> Session:
    session = recording_session(RecordingSystem())
    session.system = system
    return session


@pytest.mark.root
def test_a_loop_device_left_behind_is_detached_and_a_second_run_finds_nothing(
    real: RealSystem, loop: str, tmp_path: Path
) -> None:
    step = DetachLeftBehind(loop, str(tmp_path / IMAGE))
    step.run(_session(real))
    with real.locked(step.path):  # waits for others that look at loop devices; refused while it is attached
        assert _file_of(loop) == ""
    step.run(_session(real))


@pytest.mark.root
def test_a_loop_device_that_is_another_file_s_by_now_stays_attached(
    real: RealSystem, loop: str, tmp_path: Path
) -> None:
    step = DetachLeftBehind(loop, str(tmp_path / IMAGE))
    _output("losetup", "--detach", loop)
    with real.locked(step.path):
        _output("losetup", loop, str(tmp_path / "other.img"))
    step.run(_session(real))
    assert _file_of(loop) == str(tmp_path / "other.img")


@pytest.mark.root
def test_a_loop_device_of_another_installer_that_runs_stays_attached(
    real: RealSystem, loop: str, tmp_path: Path
) -> None:
    """It has begun since the plan was made, and has not yet freed the loop device itself."""
    path = str(tmp_path / IMAGE)
    with subprocess.Popen(["flock", path, "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin and other.stdout
        other.stdin.write(b"locked\n")
        other.stdin.flush()
        other.stdout.readline()
        with pytest.raises(DiskRefused, match="another installer"):
            DetachLeftBehind(loop, path).run(_session(real))
        assert _file_of(loop) == path
        other.stdin.close()


def test_on_the_double_only_what_is_left_behind_is_detached() -> None:
    system = RecordingSystem()
    system.taken.add("/dev/loop7")
    for device in ("/dev/loop6", "/dev/loop7"):
        DetachLeftBehind(device, "/images/disk.img").run(recording_session(system))
    assert system.actions == [("partx", "--delete", "/dev/loop6"), ("losetup", "--detach", "/dev/loop6")]
