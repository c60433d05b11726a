"""Trees on real file systems: copied with everything, told apart when anything differs, and never followed out of."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from backend.real_system import RealSystem
from backend.system import Place, Root
from backend.targets import attached
from installer.model.errors import DeviceError
from installer.model.units import MIB
from tests.backend.odd_tree import ODD_NAMES, odd_tree
from tests.backend.sentinel import sentinel_tree, state
from tests.needs import needs

pytestmark = pytest.mark.root


class Pair:
    """Two mounted file systems: an original and where it is copied to."""

    def __init__(self, system: RealSystem, old: Path, new: Path) -> None:
        self.system, self.old, self.new = system, old, new

    def copy(self, *leave_out: str) -> None:
        self.system.copy_tree(Place.OLD, Place.BACKUP, leave_out, lambda done: None)

    def differences(self, *leave_out: str) -> tuple[str, ...]:
        return self.system.compare_trees(Place.OLD, Place.BACKUP, leave_out, lambda done: None)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with ExitStack() as stack:
        yield _pair(tmp_path, stack, 64 * MIB)


def _pair(directory: Path, stack: ExitStack, new_bytes: int) -> Pair:
    needs("losetup", "mkfs.ext3")
    system = RealSystem(lambda line: None, directory / "scratch")
    roots = []
    for place, size_bytes in ((Place.OLD, 64 * MIB), (Place.BACKUP, new_bytes)):
        image = directory / f"{place}.img"
        image.touch()
        os.truncate(image, size_bytes)
        node = stack.enter_context(attached(system, str(image)))
        system.run(("mkfs.ext3", "-q", "-I", "256", node))
        roots.append(Path(stack.enter_context(system.mounted(node, "ext4", place))))
    return Pair(system, *roots)


def test_everything_that_a_file_system_holds_is_copied(pair: Pair) -> None:
    odd_tree(pair.old)
    pair.copy()
    assert pair.differences() == ()
    assert len(list(pair.new.rglob("*"))) == len(list(pair.old.rglob("*"))) > 90
    assert (pair.new / "one").stat().st_ino == (pair.new / "etc/three").stat().st_ino
    assert stat.S_ISSOCK((pair.new / "dev/log").lstat().st_mode)
    assert (pair.new / "sparse").stat().st_blocks < 1000
    assert (pair.new / "zeros").stat().st_blocks * 512 >= 2_000_000


def test_another_program_finds_the_copy_the_same(pair: Pair) -> None:
    """The comparison is the installer's own; tar tells of the two trees without knowing of it."""
    needs("tar")
    odd_tree(pair.old)
    (pair.old / "dev/log").unlink()  # tar knows no sockets
    pair.copy()
    names = "\n".join(sorted(os.fsdecode(os.fsencode(p.name)) for p in pair.old.iterdir() if p.name != "lost+found"))
    found = []
    for root in (pair.old, pair.new):
        options = ["--format=posix", "--sort=name", "--pax-option=delete=atime,delete=ctime", "--numeric-owner"]
        argv = ["tar", "-C", str(root), *options, "--xattrs", "--xattrs-include=*", "--acls", "-cf", "-"]
        found.append(subprocess.run([*argv, *names.split("\n")], check=True, capture_output=True).stdout)
    assert found[0] == found[1]


def test_copying_a_second_time_leaves_the_same(pair: Pair) -> None:
    odd_tree(pair.old)
    pair.copy()
    pair.copy()
    assert pair.differences() == ()


def test_what_is_left_out_is_neither_copied_nor_compared(pair: Pair) -> None:
    odd_tree(pair.old)
    pair.copy("/etc", "/sparse")
    assert not (pair.new / "etc").exists() and not (pair.new / "sparse").exists()
    assert pair.differences("/etc", "/sparse", "/one", "/two") == ()
    assert [text.split()[0] for text in pair.differences()] == ["/etc", "/sparse"]


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "contents": (lambda root: _overwrite(root / "zeros", 1_999_999), "/zeros (contents)"),
    "first byte": (lambda root: _overwrite(root / "sparse", 0), "/sparse (contents)"),
    "owner": (lambda root: os.chown(root / "etc/with space", 1, 1), "/etc/with space (owner)"),
    "mode": (lambda root: (root / "etc/'").chmod(0o755), "/etc/' (mode)"),
    "owner of a link": (lambda root: os.lchown(root / "absolute", 1, 1), "/absolute (owner)"),
    "time": (lambda root: os.utime(root / "etc/empty", ns=(0, 1)), "/etc/empty (time)"),
    "attribute": (lambda root: os.removexattr(root / "etc/with space", "user.comment"), "/etc/with space (attributes)"),
    "ACL": (lambda root: os.removexattr(root / "etc", "system.posix_acl_default"), "/etc (attributes)"),
    "capability": (lambda root: os.removexattr(root / "etc/*", "security.capability"), "/etc/* (attributes)"),
    "missing": (lambda root: (root / "deep" / "d" / "more").touch(), "is not in the original"),
    "gone": (lambda root: shutil.rmtree(root / "deep"), "/deep (is missing)"),
    "empty directory": (lambda root: (root / "etc/empty").rmdir(), "/etc/empty (is missing)"),
    "holes": (lambda root: _filled(root / "holes-only"), "/holes-only (holes)"),
    "hard link": (lambda root: _torn(root / "etc/three"), "/etc/three (hard links)"),
    "link": (lambda root: _replaced_link(root / "dangling"), "where it points to"),
    "device": (lambda root: _other_node(root / "dev/null"), "/dev/null (device)"),
    "kind": (lambda root: _emptied(root / "dev/initctl"), "/dev/initctl (kind)"),
}


def _overwrite(path: Path, place: int) -> None:
    status = path.stat()
    with path.open("r+b") as stream:
        stream.seek(place)
        stream.write(b"\x01")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _filled(path: Path) -> None:
    status = path.stat()
    path.write_bytes(bytes(status.st_size))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _torn(path: Path) -> None:
    data, status = path.read_bytes(), path.stat()
    path.unlink()
    path.write_bytes(data)
    path.chmod(status.st_mode)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _replaced_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("elsewhere")


def _other_node(path: Path) -> None:
    path.unlink()
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))


def _emptied(path: Path) -> None:
    path.unlink()
    path.touch()


@pytest.mark.parametrize("change", CHANGES)
def test_any_difference_is_found(pair: Pair, change: str) -> None:
    odd_tree(pair.old)
    pair.copy()
    make, expected = CHANGES[change]
    make(pair.new)
    found = pair.differences()
    words = expected.rstrip(")").split(" (")
    assert any(all(word in text for word in words) for text in found), found


def test_contents_are_read_from_the_disk_and_not_from_memory(pair: Pair, tmp_path: Path) -> None:
    """Bytes that the disk lost after they were written are not seen in memory."""
    (pair.old / "file").write_bytes(b"precious" * 4096)
    pair.copy()
    pair.system.sync()
    image = tmp_path / f"{Place.BACKUP}.img"
    data = image.read_bytes()
    where = data.index(b"precious" * 4096)
    with image.open("r+b") as stream:
        stream.seek(where + 5)
        stream.write(b"X")
        stream.flush()
        os.fsync(stream.fileno())
    node = next(line for line in Path("/proc/mounts").read_text().splitlines() if str(pair.new) in line).split()[0]
    subprocess.run(["blockdev", "--flushbufs", node], check=True)
    assert pair.differences() == ("/file (contents)",)


def test_full_partition_is_told_by_its_name(tmp_path: Path) -> None:
    with ExitStack() as stack:
        pair = _pair(tmp_path, stack, 16 * MIB)
        (pair.old / "large").write_bytes(b"x" * 30 * MIB)
        with pytest.raises(DeviceError, match="the backup partition is full: not all of the copy fits"):
            pair.copy()


def test_file_that_cannot_be_copied_is_named(pair: Pair) -> None:
    """The kernel says of an open file only what went wrong, and of a name only its last part."""
    needs("chattr")
    (pair.old / "deep/down").mkdir(parents=True)
    (pair.old / "deep/down/file").write_text("new")
    pair.copy()
    subprocess.run(["chattr", "+i", str(pair.new / "deep/down/file")], check=True)
    with pytest.raises(PermissionError) as caught:
        pair.copy()
    subprocess.run(["chattr", "-i", str(pair.new / "deep/down/file")], check=True)
    assert caught.value.filename == "/deep/down/file"


def test_links_of_the_old_tree_lead_nowhere(pair: Pair, tmp_path: Path) -> None:
    """Directories of the copy that are links by now, to a tree outside: nothing of that is written or removed."""
    outside = sentinel_tree(tmp_path)
    before = state(outside)
    (pair.old / "etc").mkdir()
    (pair.old / "etc/localtime").write_text("mine\n")
    (pair.old / "etc/deep").mkdir()
    (pair.new / "etc").symlink_to(outside / "etc")
    pair.copy()
    assert (pair.new / "etc").is_dir() and not (pair.new / "etc").is_symlink()
    (pair.new / "link").symlink_to(outside)
    (pair.new / "etc/link").symlink_to(outside / "etc")
    pair.system.clear(Place.BACKUP, ())
    assert os.listdir(pair.new) == ["lost+found"]
    assert state(outside) == before


def test_nothing_is_removed_through_a_mount(pair: Pair, tmp_path: Path) -> None:
    outside = sentinel_tree(tmp_path)
    (pair.new / "dir/mnt").mkdir(parents=True)
    subprocess.run(["mount", "--bind", str(outside), str(pair.new / "dir/mnt")], check=True)
    try:
        before = state(outside)
        with pytest.raises(OSError, match="cross-device"):
            pair.system.clear(Place.BACKUP, ())
        assert state(outside) == before
    finally:
        subprocess.run(["umount", str(pair.new / "dir/mnt")], check=True)


def test_kept_paths_are_not_cleared(pair: Pair) -> None:
    for name in ("keep/a/b", "go/a/b"):
        (pair.new / name).mkdir(parents=True)
    (pair.new / "mark").touch()
    pair.system.clear(Place.BACKUP, ("/keep", "/mark"))
    assert sorted(os.listdir(pair.new)) == ["keep", "lost+found", "mark"]
    assert (pair.new / "keep/a/b").is_dir()


def test_files_are_carried_with_owner_mode_times_and_attributes(pair: Pair) -> None:
    odd_tree(pair.old)
    (pair.old / "etc").chmod(0o750)
    found = pair.system.carry_files(("/etc/*", "/nowhere/x", "/etc/none"), Root(Place.OLD), Root(Place.BACKUP, "/k"))
    # a directory with all below it, but not one that a link leads to: that may be the whole tree
    assert {f"/etc/{name}" for name in ODD_NAMES} | {"/etc/three", "/etc/empty"} == set(found)
    for name in (*ODD_NAMES, "."):
        old, new = (pair.old / "etc" / name).stat(), (pair.new / "k/etc" / name).stat()
        assert (old.st_mode, old.st_uid, old.st_gid) == (new.st_mode, new.st_uid, new.st_gid)
        assert name == "." or old.st_mtime_ns == new.st_mtime_ns
    assert os.getxattr(pair.new / "k/etc/*", "security.capability")
    assert not [name for name in os.listdir(pair.new / "k/etc") if name not in (*ODD_NAMES, "three", "empty")]


def test_carried_link_is_the_file_it_leads_to_inside_its_tree(pair: Pair, tmp_path: Path) -> None:
    outside = sentinel_tree(tmp_path)
    (pair.old / "etc").mkdir()
    (pair.old / "opt").mkdir()
    (pair.old / "opt/license").write_text("inside\n")
    (pair.old / "etc/license").symlink_to("/opt/license")
    (pair.old / "etc/hostname").symlink_to(outside / "etc/passwd")
    (pair.old / "etc/pipe").symlink_to("fifo")
    os.mkfifo(pair.old / "etc/fifo")
    assert pair.system.carry_files(("/etc/*",), Root(Place.OLD), Root(Place.BACKUP)) == ("/etc/license",)
    assert not (pair.new / "etc/license").is_symlink()
    assert (pair.new / "etc/license").read_text() == "inside\n"


def test_carrying_into_a_tree_of_links_stays_inside_it(pair: Pair, tmp_path: Path) -> None:
    outside = sentinel_tree(tmp_path)
    before = state(outside)
    for name in ("etc/localtime", "etc/passwd", "root/keys"):
        (pair.old / name).parent.mkdir(exist_ok=True)
        (pair.old / name).write_text("kept\n")
    (pair.new / "etc").symlink_to(outside / "etc")  # leads nowhere inside
    (pair.new / "root").mkdir()
    (pair.new / "root/keys").symlink_to(outside / "etc/passwd")
    found = pair.system.carry_files(("/etc/*", "/root/keys"), Root(Place.OLD), Root(Place.BACKUP))
    assert found == ("/etc/localtime", "/etc/passwd", "/root/keys")
    assert (pair.new / "etc/passwd").read_text() == (pair.new / "root/keys").read_text() == "kept\n"
    assert state(outside) == before


def test_room_counts_bytes_and_files(pair: Pair) -> None:
    before = pair.system.room(Place.BACKUP)
    (pair.new / "file").write_bytes(bytes(MIB))
    pair.system.sync()
    after = pair.system.room(Place.BACKUP)
    assert after.used_files == before.used_files + 1
    assert after.used_bytes - before.used_bytes == before.free_bytes - after.free_bytes >= MIB


def test_every_file_is_read(pair: Pair) -> None:
    odd_tree(pair.old)
    (pair.old / "large").write_bytes(b"x" * 9 * MIB)
    seen: list[int] = []
    pair.system.read_tree(Place.OLD, ("/zeros",), seen.append)
    assert seen[-1] >= 9 * MIB
