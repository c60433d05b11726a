"""One payload and one installed base image per run, shared by the virtual-machine tests through overlays."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from installer.model.wishes import StorageType
from tests.conftest import BUILD
from tests.end_to_end.command import INSTALLER
from tests.end_to_end.laboratory import Laboratory, laboratory
from tests.end_to_end.rich_answers import serve_answers
from tests.end_to_end.virtual_machine import Hardware, VirtualMachine
from tests.end_to_end.web_server import serving
from tests.needs import needs


@dataclass(frozen=True)
class Installed:
    """A finished installation: its image, what the installer printed, and its log."""

    image: Path
    output: str
    log: Path


@pytest.fixture(autouse=True)
def own_scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the installer's scratch directories lie in the test's own, where what is left behind is found."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))


@pytest.fixture(scope="session")
def vm_directory() -> Path:
    """Where images and transcripts go; kept after a failure."""
    directory = BUILD / "vm" / os.environ.get("PYTEST_XDIST_WORKER", "")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def install_at_a_desk(
    repository: Path, directory: Path, *options: str, storage: StorageType = StorageType.LVM
) -> Installed:
    """Install both packs over HTTP onto a 16 GiB image with the command a user would type, and further options."""
    needs("qemu-system-x86_64", "qemu-img", "losetup")
    served = directory / "served"
    served.mkdir()
    served.joinpath("repository").symlink_to(repository.resolve())
    image = directory / "base.img"
    with serving(served) as base:
        answers = serve_answers(served, base, "sda", storage=storage)
        argv = [str(INSTALLER), "--answerfile", answers, "--target", str(image), "--size", "16G"]
        argv += ["--log-dir", str(directory / "log"), *options, "install"]
        result = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=1200)
    output = result.stdout + result.stderr
    assert result.returncode == 0, output
    return Installed(image, output, directory / "log" / "install.log")


@pytest.fixture(scope="session")
def installed(repository: Path, vm_directory: Path) -> Installed:
    """A BIOS machine's host; tests that change it take a copy."""
    return install_at_a_desk(repository, vm_directory)


@pytest.fixture
def boot(
    installed: Installed, vm_directory: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., VirtualMachine]]:
    """Give a function that boots an overlay of the installed image; all machines end with the test."""
    started: list[VirtualMachine] = []
    name = request.node.name

    def start(*, macs: tuple[str, ...] = ("52:54:00:12:34:56",)) -> VirtualMachine:
        overlay = vm_directory / f"{name}.qcow2"
        create = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(installed.image), str(overlay)]
        subprocess.run(create, check=True)
        machine = VirtualMachine(Hardware(((overlay, "qcow2"),), macs=macs), vm_directory / f"{name}.log")
        started.append(machine.__enter__())
        return machine

    yield start
    for machine in started:
        machine.__exit__()


@pytest.fixture
def lab(
    image: Path, hypervisor: Path, vm_directory: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Laboratory]:
    """A room for one virtual-machine test: disks, a web server, the boot image; see CONTRIBUTING.md."""
    needs("qemu-system-x86_64")
    name = request.node.name.replace("/", "-")
    with laboratory(name, tmp_path, vm_directory, image, hypervisor) as room:
        yield room
