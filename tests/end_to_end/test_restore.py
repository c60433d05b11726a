"""The whole command on an image file: installed, used, installed over with a backup, and restored from it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from installer.model.existing import INCOMPLETE_MARK, JOURNAL
from installer.report import NOTHING_CHANGED
from tests.backend.small_repository import small_repository
from tests.end_to_end.command import INSTALLER, Outcome, answerfile, installer
from tests.end_to_end.disk_image import fingerprint
from tests.needs import needs
from tests.seen import seen

pytestmark = [pytest.mark.root, pytest.mark.long]
OVER = """\
<installation mode="reinstall">
  <existing-installation>sda</existing-installation>
  <source type="url">{repository}</source>
</installation>
"""
RESTORE = "<restore>\n  <backup-disk>sda</backup-disk>\n</restore>\n"


def _output(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


@contextmanager
def mounted(image: Path, number: int, *, write: bool = False) -> Iterator[Path]:
    """Mount one partition of an image, to be looked at or to be used."""
    part = json.loads(_output("sfdisk", "--json", str(image)))["partitiontable"]["partitions"][number - 1]
    with seen(image, part["start"] * 512, part["size"] * 512, write=write) as point:
        yield point


def tree(root: Path) -> dict[str, object]:
    """Return what there is to know of every file but the boot loader's own, which is made anew."""
    found: dict[str, object] = {}
    for path in sorted(root.rglob("*")):
        name, status = str(path.relative_to(root)), path.lstat()
        own = name.startswith("boot/grub/") and not name.endswith(".cfg")
        if own or name.split("/")[0] in ("lost+found", ".xen-backup-partition") or name == "boot/grub":
            continue
        plain = path.is_file() and not path.is_symlink()
        keys = os.listxattr(path, follow_symlinks=False)
        found[name] = (
            (status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns, status.st_nlink, status.st_rdev),
            path.read_bytes() if plain else os.readlink(path) if path.is_symlink() else b"",
            {key: os.getxattr(path, key, follow_symlinks=False) for key in keys},
        )
    return found


def _use(root: Path) -> None:
    """Leave on a host what a person does."""
    (root / "root").mkdir(exist_ok=True)
    (root / "root/custom").write_text("mine\n", encoding="utf-8")
    os.link(root / "root/custom", root / "root/custom-too")
    os.setxattr(root / "root/custom", "user.mark", b"1")
    os.mkfifo(root / "root/pipe")


@pytest.fixture(scope="module")
def replaced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """An image with a host that was installed over, and the tree of the one before it, now its backup."""
    needs("losetup", "mkfs.ext3", "vgcreate", "lbzip2", "grub-mkimage", "mount", "sfdisk")
    directory = tmp_path_factory.mktemp("bak-restore")
    repository = small_repository(directory / "repository")
    directory.joinpath("fresh.xml").write_text(answerfile(str(repository)), encoding="utf-8")
    directory.joinpath("over.xml").write_text(OVER.format(repository=repository), encoding="utf-8")
    image = directory / "disk.img"
    fresh = installer("--answerfile", "fresh.xml", "--target", "disk.img", "--size", "16G", "install", cwd=directory)
    assert fresh.code == 0, fresh.text
    with mounted(image, 1, write=True) as root:
        _use(root)
    with mounted(image, 1) as root:
        before = tree(root)
    over = installer("--answerfile", "over.xml", "--target", "disk.img", "install", cwd=directory)
    assert over.code == 0, over.text
    return image, before


@pytest.fixture
def image(replaced: tuple[Path, dict[str, object]], tmp_path: Path) -> Path:
    """A copy that the test may change."""
    copy = tmp_path / "disk.img"
    _output("cp", "--sparse=always", str(replaced[0]), str(copy))
    return copy


@pytest.fixture
def before(replaced: tuple[Path, dict[str, object]]) -> dict[str, object]:
    return replaced[1]


def _restore(image: Path, *more: str) -> Outcome:
    return installer("restore", "--target", image.name, *more, cwd=image.parent)


def test_restored_host_is_as_it_was_and_boots(image: Path, before: dict[str, object]) -> None:
    with mounted(image, 2) as backup:
        assert tree(backup) == before
    with mounted(image, 1) as root:
        assert not (root / "root/custom").exists()
    outcome = _restore(image, "--yes")
    assert outcome.code == 0, outcome.text
    assert "Restored in" in outcome.out
    with mounted(image, 1) as root:
        assert tree(root) == before
    with mounted(image, 2) as backup:
        assert tree(backup) == before
    with image.open("rb") as stream:
        assert stream.read(2) == b"\xeb\x63"
    assert _output("losetup", "--associated", str(image)) == ""


def test_answerfile_restores_too_and_asks_nothing(image: Path, before: dict[str, object]) -> None:
    image.parent.joinpath("restore.xml").write_text(RESTORE, encoding="utf-8")
    outcome = installer("--answerfile", "restore.xml", "--target", "disk.img", "install", cwd=image.parent)
    assert outcome.code == 0, outcome.text
    with mounted(image, 1) as root:
        assert tree(root) == before


@pytest.mark.parametrize("answer", ["\n", "no\n", "y e s\n"])
def test_whoever_does_not_say_yes_keeps_the_host(image: Path, answer: str) -> None:
    found = fingerprint(image)
    code, said = _on_terminal(image, answer)
    assert code == 3 and "cancelled" in said
    assert "Overwrite sda:1" in said and "XenServer 4.0.1-1" in said
    assert fingerprint(image) == found


def test_whoever_says_yes_gets_the_backup(image: Path, before: dict[str, object]) -> None:
    code, said = _on_terminal(image, "yes\n")
    assert code == 0, said
    with mounted(image, 1) as root:
        assert tree(root) == before


def _on_terminal(image: Path, answer: str) -> tuple[int, str]:
    """Run the command with a terminal as its standard input."""
    ours, theirs = pty.openpty()
    try:
        argv = [str(INSTALLER), "restore", "--target", image.name]
        process = subprocess.Popen(
            argv, cwd=image.parent, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        os.write(ours, answer.encode())
        said, _ = process.communicate(timeout=300)
        return process.returncode, said
    finally:
        os.close(ours)
        os.close(theirs)


def test_dry_run_and_a_run_that_nobody_can_answer_change_nothing(image: Path) -> None:
    found = fingerprint(image)
    dry = _restore(image, "--dry-run")
    assert dry.code == 0 and "sda:1 is overwritten by the backup XenServer 4.0.1-1" in dry.out
    silent = _restore(image)
    assert silent.code == 2 and "--yes" in silent.text and NOTHING_CHANGED in silent.text
    assert fingerprint(image) == found


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--disk", "sdb"), "no disk sdb"),
        (("--machine", "qemu-uefi"), "BIOS"),
    ],
)
def test_what_does_not_fit_is_told_and_changes_nothing(image: Path, options: tuple[str, ...], words: str) -> None:
    found = fingerprint(image)
    outcome = installer("restore", "--target", f"sda={image}", "--yes", *options, cwd=image.parent)
    assert outcome.code == 2 and words in outcome.text, outcome.text
    assert fingerprint(image) == found


@pytest.mark.parametrize("option", ["--verify", "--ask-missing", "--accept-version", "--answerfile=x", "--size=16G"])
def test_option_of_an_installation_is_not_ignored(tmp_path: Path, option: str) -> None:
    outcome = installer(option, "restore", cwd=tmp_path)
    assert outcome.code == 2 and f"{option.partition('=')[0]} has no meaning for `restore`" in outcome.text


def test_without_a_backup_it_says_what_was_looked_at(tmp_path: Path) -> None:
    tmp_path.joinpath("disk.img").touch()
    os.truncate(tmp_path / "disk.img", 16 * 10**9)
    outcome = installer("restore", "--target", "disk.img", "--yes", cwd=tmp_path)
    assert outcome.code == 2 and "there is no backup of a control domain on any disk" in outcome.text


def test_target_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    outcome = installer("restore", "--target", "none.img", "--yes", cwd=tmp_path)
    assert outcome.code == 2 and "--target none.img: there is no such file or device" in outcome.text


def test_incomplete_backup_is_refused(image: Path) -> None:
    with mounted(image, 2, write=True) as backup:
        (backup / INCOMPLETE_MARK[1:]).touch()
    found = fingerprint(image)
    outcome = _restore(image, "--yes")
    assert outcome.code == 2 and "broken off before it was complete" in outcome.text
    assert fingerprint(image) == found


def _killed_at(image: Path, title: str) -> None:
    """Run a restore and kill it as the step whose title begins so begins."""
    argv = [str(INSTALLER), "restore", "--target", image.name, "--yes", "--json"]
    with subprocess.Popen(argv, cwd=image.parent, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            record = json.loads(line)
            if record["event"] == "StepStarted" and record["title"].startswith(title):
                process.kill()
                break
        assert process.wait(timeout=60) == -9


@pytest.mark.parametrize(
    ("title", "boots"),
    [
        ("read the backup", True),
        ("erase the boot code", None),
        ("make an ext3", False),
        ("copy the backup", False),
        ("compare what", False),
        ("install the boot loader", False),
        ("remove /.xen-installer", True),
    ],
)
def test_restore_that_was_killed_is_ended_by_the_next(
    image: Path, before: dict[str, object], title: str, boots: bool | None
) -> None:
    _killed_at(image, title)
    with image.open("rb") as stream:
        # the kill comes a moment late: a short step may be done by then
        assert boots is None or (stream.read(2) == b"\xeb\x63") is boots
    left = image.parent / "left.img"  # the loop device of the killed run is still there, and holds the image
    _output("cp", "--sparse=always", str(image), str(left))
    with mounted(left, 2) as backup:
        found = tree(backup)
        assert {name: found[name] for name in before} == before, "the backup is whole at any moment"
        if not title.startswith("remove"):
            assert (backup / JOURNAL[1:]).exists() is (title != "read the backup")
    again = _restore(image, "--yes")
    assert again.code == 0, again.text
    with mounted(image, 1) as root:
        assert tree(root) == before
    with mounted(image, 2) as backup:
        assert tree(backup) == before
