"""One contract for the real System and its recording double, so that the double cannot drift."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from backend.raw_disks import ERASED_BOOT_CODE
from backend.real_system import RealSystem
from backend.recording import RecordingSystem
from backend.system import Place, Root, System
from backend.targets import attached
from installer.model.errors import CommandFailed, DeviceError, MissingTool
from installer.model.secret import Secret
from installer.model.units import MIB
from tests.backend.sentinel import sentinel_tree, state

pytestmark = pytest.mark.root


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def real(tmp_path: Path, log: list[str]) -> RealSystem:
    return RealSystem(log.append, tmp_path / "scratch")


@pytest.fixture
def node(real: RealSystem, tmp_path: Path) -> Iterator[str]:
    image = tmp_path / "disk.img"
    image.touch()
    os.truncate(image, 32 * MIB)
    with attached(real, str(image)) as device:
        real.run(("mkfs.ext3", "-q", device))
        yield device


@pytest.fixture
def other_node(real: RealSystem, tmp_path: Path) -> Iterator[str]:
    image = tmp_path / "other.img"
    image.touch()
    os.truncate(image, 32 * MIB)
    with attached(real, str(image)) as device:
        real.run(("mkfs.ext3", "-q", device))
        yield device


@pytest.fixture(params=["real", "recording"])
def system(request: pytest.FixtureRequest) -> Iterator[System]:
    """Give a system with its target mounted."""
    with ExitStack() as stack:
        if request.param == "recording":
            recording = RecordingSystem(files={})
            stack.enter_context(recording.mounted("/dev/sda1", "ext3"))
            yield recording
        else:
            real: RealSystem = request.getfixturevalue("real")
            stack.enter_context(real.mounted(request.getfixturevalue("node"), "ext3"))
            yield real


def test_text_is_read_back(system: System) -> None:
    system.write_text("/etc/sysconfig/clock", "UTC=true\n")
    assert system.read_text("/etc/sysconfig/clock") == "UTC=true\n"
    assert system.exists("/etc/sysconfig/clock")
    assert not system.exists("/etc/sysconfig/keyboard")


def test_second_text_takes_the_place_of_the_first(system: System) -> None:
    system.write_text("/etc/hostname", "one\n")
    system.write_text("/etc/hostname", "two\n")
    assert system.read_text("/etc/hostname") == "two\n"


def test_names_of_a_directory_are_sorted(system: System) -> None:
    for name in ("xen.gz", "initrd", "grub/grub.cfg"):
        system.write_text(f"/boot/{name}", "")
    assert system.names("/boot") == ("grub", "initrd", "xen.gz")
    assert system.names("/nowhere") == ()


def test_removed_file_or_directory_is_gone(system: System) -> None:
    for name in ("/a/b/c", "/a/d", "/ab"):
        system.write_text(name, "x")
    system.remove("/a", on=Place.TARGET)
    system.remove("/nowhere", on=Place.TARGET)
    assert not system.exists("/a/d") and not system.exists("/a/b/c") and system.exists("/ab")
    system.remove("/ab", on=Place.TARGET)
    assert not system.exists("/ab")


def test_files_carried_to_another_root_are_those_of_the_patterns(system: System) -> None:
    for name in ("/etc/ssh/key", "/etc/ssh/key.pub", "/etc/ssh/other", "/etc/key"):
        system.write_text(name, f"{name}\n")
    kept = Root(Place.TARGET, "/kept")
    found = system.carry_files(("/etc/ssh/key*", "/etc/none", "/none/key"), Root(Place.TARGET), kept)
    assert found == ("/etc/ssh/key", "/etc/ssh/key.pub")
    assert system.names("/kept/etc/ssh") == ("key", "key.pub") and not system.exists("/kept/etc/key")
    assert system.carry_files(("/etc/ssh/key",), kept, Root(Place.TARGET, "/back")) == ("/etc/ssh/key",)
    assert system.read_text("/back/etc/ssh/key") == "/etc/ssh/key\n"


def test_file_systems_beside_the_target_are_their_own(system: System, request: pytest.FixtureRequest) -> None:
    node = request.getfixturevalue("other_node") if isinstance(system, RealSystem) else "/dev/sda2"
    with system.mounted(node, "ext4", Place.BACKUP) as path:
        system.write_text("/etc/mark", "backup\n", on=Place.BACKUP)
        system.write_text("/etc/mark", "target\n")
        assert system.read_text("/etc/mark", on=Place.BACKUP) == "backup\n"
        assert system.read_text("/etc/mark") == "target\n"
        assert system.names("/etc", on=Place.BACKUP) == ("mark",)
        system.remove("/etc/mark", on=Place.BACKUP)
        assert not system.exists("/etc/mark", on=Place.BACKUP) and system.exists("/etc/mark")
        assert path != system.target_path("/")


def test_zeros_are_counted_to_the_end(system: System) -> None:
    seen: list[int] = []
    system.write_zeros("/swap", 9 * MIB, seen.append)
    assert seen[-1] == 9 * MIB


def test_what_is_spooled_comes_again_from_its_beginning(system: System) -> None:
    chunks = (bytes([number]) * 300_000 for number in range(3))
    with system.spooled(chunks) as again:
        assert b"".join(again) == b"".join(bytes([number]) * 300_000 for number in range(3))


def test_what_is_spooled_has_no_name(real: RealSystem, node: str) -> None:
    with real.mounted(node, "ext3") as target:
        before = os.statvfs(target).f_bfree
        with real.spooled([bytes(MIB)]):
            assert sorted(os.listdir(target)) == [".installer-tools", "lost+found"]
            status = os.statvfs(target)
            assert (before - status.f_bfree) * status.f_frsize >= MIB


def test_file_of_zeros_has_no_holes(real: RealSystem, node: str) -> None:
    """A swap file with holes is refused by swapon(2)."""
    with real.mounted(node, "ext3") as target:
        real.write_zeros("/swap", 9 * MIB, lambda done: None)
        written = Path(target, "swap").stat()
        assert (written.st_size, Path(target, "swap").read_bytes().strip(b"\0")) == (9 * MIB, b"")
        assert written.st_blocks * 512 >= 9 * MIB


def test_scratch_file_has_its_name(system: System) -> None:
    with system.scratch_file("early.cfg", "text") as path:
        assert path.endswith("/early.cfg")


def test_real_scratch_file_is_gone_afterwards_and_private(real: RealSystem) -> None:
    with real.scratch_file("script", "#!/bin/sh\n", mode=0o700) as path:
        assert Path(path).stat().st_mode & 0o777 == 0o700
        assert Path(path).parent.stat().st_mode & 0o077 == 0
    assert not Path(path).exists()


def test_failed_program_is_told_with_its_last_lines(real: RealSystem) -> None:
    with pytest.raises(CommandFailed) as raised:
        real.run(("sh", "-c", "seq 20; exit 3"))
    assert raised.value.exit_status == 3
    assert raised.value.output == tuple(str(number) for number in range(11, 21))


def test_program_that_is_not_there_is_named(real: RealSystem) -> None:
    with pytest.raises(MissingTool, match="no-such-program"):
        real.run(("no-such-program",))


def test_program_that_hangs_is_ended(real: RealSystem) -> None:
    with pytest.raises(CommandFailed, match="did not end within"):
        real.run(("sleep", "60"), timeout_s=0.2)


def test_log_has_argv_and_exit_status_and_no_input(real: RealSystem, log: list[str]) -> None:
    real.run(("cat", "-"), stdin=Secret("marked-secret\n"), ok=(0,))
    real.run(("true", "a b"))
    assert any("true 'a b'" in line and "-> 0" in line for line in log)


def test_programs_get_no_secrets_by_argv_or_environment(real: RealSystem) -> None:
    os.environ["MARKED_SECRET"] = "marked-secret"
    try:
        assert "marked-secret" not in "\n".join(real.run(("env",)))
    finally:
        del os.environ["MARKED_SECRET"]


def test_pipeline_tells_the_complaint_of_the_program_that_failed(real: RealSystem) -> None:
    with pytest.raises(CommandFailed) as raised, real.pipe(("cat",), ("sh", "-c", "echo no room >&2; exit 4")) as sink:
        for _ in range(100):
            sink.write(bytes(MIB))
    assert (raised.value.exit_status, raised.value.output) == (4, ("no room",))


def test_pipeline_tells_the_first_that_failed_by_itself_and_what_came_of_it(real: RealSystem) -> None:
    first, second = ("sh", "-c", "echo damaged >&2; exit 3"), ("sh", "-c", "cat; echo cut short >&2; exit 4")
    with pytest.raises(CommandFailed) as raised, real.pipe(first, second):
        pass
    assert (raised.value.exit_status, raised.value.output) == (3, ("damaged", "cut short"))


def test_pipeline_that_is_left_early_leaves_no_process(real: RealSystem) -> None:
    seconds = f"1000.{os.getpid()}"
    with pytest.raises(KeyboardInterrupt), real.pipe(("cat",), ("sleep", seconds)) as sink:
        sink.write(b"x")
        raise KeyboardInterrupt
    assert f"sleep {seconds}" not in "\n".join(real.run(("ps", "-eo", "args")))


def test_files_cannot_be_written_before_the_target_is_mounted(real: RealSystem) -> None:
    with pytest.raises(DeviceError):
        real.write_text("/etc/passwd", "mine\n")


def test_mounting_leaves_nothing_behind(real: RealSystem, node: str) -> None:
    with real.mounted(node, "ext3") as target:
        real.write_text("/a", "a")
    assert not Path(target).exists()
    assert target not in Path("/proc/self/mountinfo").read_text(encoding="utf-8")


def test_tools_of_this_machine_run_with_the_target_as_root(real: RealSystem, node: str) -> None:
    """The target is empty: neither the tool nor its libraries come from it, and they cannot be written."""
    with real.mounted(node, "ext3"):
        real.write_text("/etc/mark", "here\n")
        assert real.run(real.in_target("cat", "/etc/mark")) == ("here",)
        with pytest.raises(CommandFailed, match=r"."):
            real.run(real.in_target("touch", "/.installer-tools/bin/written"))


def test_what_is_mounted_to_be_read_cannot_be_written(real: RealSystem, other_node: str) -> None:
    with real.mounted(other_node, "ext4", Place.OLD, read_only=True) as old:
        with pytest.raises(OSError, match="Read-only"):
            real.write_text("/mark", "x", on=Place.OLD)
        options = next(line for line in Path("/proc/self/mounts").read_text("ascii").splitlines() if old in line)
        assert {"ro", "nodev", "nosuid", "noexec", "noatime"} <= set(options.split()[3].split(","))
    assert not Path(old).exists()


def test_boot_code_goes_and_nothing_else(real: RealSystem, full_of_ones: Path) -> None:
    real.erase_boot_code(str(full_of_ones))
    assert full_of_ones.read_bytes() == ERASED_BOOT_CODE + b"\xff" * (4 * MIB - 440)


def test_absolute_link_in_the_target_never_leads_out(real: RealSystem, node: str, tmp_path: Path) -> None:
    outside = sentinel_tree(tmp_path)
    before = state(outside)
    with real.mounted(node, "ext3") as target:
        os.symlink(outside / "etc", f"{target}/etc")
        os.symlink(outside / "etc/localtime", f"{target}/localtime")
        os.symlink("../../../../../../../.." + str(outside), f"{target}/up")
        real.write_text("/etc/written", "x")
        real.write_text("/etc/passwd", "x", mode=0o600)
        real.write_text("/up/written", "x")
        real.write_text("/localtime", "x")
        real.link("/etc/localtime", "/usr/share/zoneinfo/UTC")
        real.write_zeros("/etc/zeros", 10, lambda done: None)
        assert real.read_text("/localtime") == "x"
    assert state(outside) == before


@pytest.fixture
def full_of_ones(tmp_path: Path) -> Path:
    path = tmp_path / "ones.img"
    path.write_bytes(b"\xff" * 4 * MIB)
    return path


@pytest.fixture
def short_writes(full_of_ones: Path) -> Iterator[Path]:
    """Let no file grow, and no write go, beyond 3.5 MiB: the kernel writes the part that fits (setrlimit(2))."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (7 * MIB // 2, hard))
    yield full_of_ones
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_zeros_that_were_written_in_part_are_an_error(real: RealSystem, short_writes: Path) -> None:
    with pytest.raises(OSError, match="File too large"):
        real.zero(str(short_writes), (0,))


def test_zeros_go_to_each_start_and_to_the_end_and_nowhere_else(real: RealSystem, full_of_ones: Path) -> None:
    real.zero(str(full_of_ones), (0, MIB + 512))
    zeros, ones = bytes(MIB), b"\xff" * MIB
    assert full_of_ones.read_bytes() == zeros + ones[:512] + zeros + ones[512:] + zeros


def test_kept_file_lies_outside_the_target_with_its_directories(system: System, tmp_path: Path) -> None:
    path = tmp_path / "driver-disks" / "acme" / "esp.ko"
    system.keep(str(path), iter((b"one", b"two")), mode=0o600)
    assert not system.exists(str(path))
    if isinstance(system, RecordingSystem):
        assert system.actions[-1] == ("keep", str(path), "600", "6 bytes") and not path.exists()
    else:
        assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"onetwo", 0o600)


def test_file_that_breaks_off_is_not_kept_and_leaves_the_older_one(real: RealSystem, tmp_path: Path) -> None:
    path = tmp_path / "driver-disks" / "esp.ko"
    real.keep(str(path), [b"older"])

    def broken() -> Iterator[bytes]:
        yield b"newer"
        raise DeviceError("the drive was opened")

    with pytest.raises(DeviceError):
        real.keep(str(path), broken())
    assert path.read_bytes() == b"older" and os.listdir(path.parent) == ["esp.ko"]
