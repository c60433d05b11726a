"""An installation that fails half-way leaves a target that does not boot, and says so to whoever looks at it next."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.backend.small_repository import small_repository
from tests.end_to_end.command import answerfile, installer
from tests.end_to_end.disk_image import SECTOR_BYTES, partitions, read_file
from tests.needs import needs

pytestmark = pytest.mark.root
MARK = "/installation-unfinished"
NOT_FINISHED = "an installation that was not finished"


@pytest.fixture
def main(tmp_path: Path) -> Path:
    """A repository and an answerfile that names it."""
    needs("losetup", "mkfs.ext3", "e2label", "grub-mkimage", "debugfs", "blkid")
    repository = small_repository(tmp_path / "repository")
    (tmp_path / "answers.xml").write_text(answerfile(str(repository)), encoding="utf-8")
    return repository / "packages.main"


def spoil(listing: Path, package: str) -> str:
    """Have XS-PACKAGES state another MD5 for a package; returns the text as it was."""
    text = listing.read_text(encoding="ascii")
    listing.write_text(re.sub(rf"^({package} \d+) \w+", rf"\1 {'0' * 32}", text, flags=re.MULTILINE), encoding="ascii")
    return text


def install(directory: Path, *more: str) -> tuple[int, str]:
    outcome = installer("--answerfile", "answers.xml", "--target", "disk.img", *more, "install", cwd=directory)
    return outcome.code, outcome.text


def label(image: Path) -> str:
    place = f"--offset={partitions(image)[0].start_bytes}"
    argv = ["blkid", "--probe", "--match-tag", "LABEL", "--output", "value", place, str(image)]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def contents(directory: Path) -> str:
    """Return what a further installer shows of the disk before it takes it."""
    code, text = install(directory, "--dry-run")
    assert code == 0, text
    return next(line for line in text.splitlines() if line.strip().startswith("before"))


def test_base_package_with_a_wrong_sum_fails_and_leaves_a_mark_and_no_boot_code(tmp_path: Path, main: Path) -> None:
    """The kernel's package is the second one: the first is unpacked whole by then, and much of the second."""
    good = spoil(main / "XS-PACKAGES", "kernel")
    code, text = install(tmp_path, "--size", "16G")
    assert code == 1 and "package kernel (kernel.tar.bz2) has the MD5" in text and "not bootable yet" in text
    image = tmp_path / "disk.img"
    root = partitions(image)[0]
    said = read_file(image, root, MARK)
    assert "is not finished; it does not boot" in said
    assert re.search(r"Installation [-0-9a-f]{36}, begun 20.* UTC, installer [0-9]", said)
    assert re.search(r"Failed at step \d+, install kernel \(.*\): package kernel .* has the MD5", said)
    assert label(image) == "root-unfinished"
    assert b"GRUB" not in image.open("rb").read(SECTOR_BYTES)  # what libparted puts there looks for an active partition
    assert NOT_FINISHED in contents(tmp_path)

    (main / "XS-PACKAGES").write_text(good, encoding="ascii")
    code, text = install(tmp_path)
    assert code == 0, text
    assert read_file(image, partitions(image)[0], MARK) == ""
    assert re.fullmatch("root-[a-z]{8}", label(image))
    assert "XenServer 4.0.1-1 host" in contents(tmp_path)


def test_full_root_partition_still_has_room_for_the_mark(tmp_path: Path, main: Path) -> None:
    """tar takes also what the file system keeps for root."""
    big = tmp_path / "zeros"
    with big.open("wb") as stream:
        stream.truncate(5 * 2**30)
    package = main / "docs.tar.bz2"
    with package.open("wb") as stream:
        archive = subprocess.Popen(["tar", "-c", "-C", str(tmp_path), "zeros"], stdout=subprocess.PIPE)
        subprocess.run(["lbzip2"], stdin=archive.stdout, stdout=stream, check=True)
        assert archive.wait() == 0
    listing = main / "XS-PACKAGES"
    md5 = subprocess.run(["md5sum", str(package)], check=True, capture_output=True, text=True).stdout.split()[0]
    line = rf"\g<1> {package.stat().st_size} {md5}"
    text = re.sub(r"^(docs) \d+ \w+", line, listing.read_text(encoding="ascii"), flags=re.MULTILINE)
    listing.write_text(text, encoding="ascii")
    code, text = install(tmp_path, "--size", "16G")
    assert code == 1 and "the root partition is full: package docs does not fit" in text, text
    image = tmp_path / "disk.img"
    assert "package docs does not fit" in read_file(image, partitions(image)[0], MARK)
