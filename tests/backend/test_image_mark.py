"""Only the booted installation image is taken for it: the mark is text and kind of root, not a name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backend.image_mark import IMAGE_MARK, MARK_TEXT, in_installation_image, root_kind
from tests.conftest import ROOT

IN_MEMORY = "1 1 0:2 / / rw - rootfs rootfs rw,size=493436k\n22 1 0:21 / /proc rw,nosuid - proc proc rw\n"
ON_DISK = "23 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n22 23 0:21 / /proc rw,nosuid - proc proc rw\n"


def _taken(directory: Path, mounts: str, text: bytes | None = MARK_TEXT) -> bool:
    mark = directory / "image"
    if text is not None:
        mark.write_bytes(text)
    directory.joinpath("mountinfo").write_text(mounts, encoding="ascii")
    return in_installation_image(str(mark), str(directory / "mountinfo"))


def test_mark_on_a_root_in_memory_is_the_image(tmp_path: Path) -> None:
    assert _taken(tmp_path, IN_MEMORY)


def test_no_mark_is_no_image(tmp_path: Path) -> None:
    assert not _taken(tmp_path, IN_MEMORY, None)


def test_directory_of_that_name_is_no_image(tmp_path: Path) -> None:
    tmp_path.joinpath("image").mkdir()
    assert not _taken(tmp_path, IN_MEMORY, None)


def test_link_to_the_very_text_is_no_image(tmp_path: Path) -> None:
    tmp_path.joinpath("elsewhere").write_bytes(MARK_TEXT)
    tmp_path.joinpath("image").symlink_to("elsewhere")
    assert not _taken(tmp_path, IN_MEMORY, None)


@pytest.mark.parametrize("text", [b"", b"my pictures\n", MARK_TEXT.rstrip(), MARK_TEXT + b"\n"])
def test_file_with_another_text_is_no_image(tmp_path: Path, text: bytes) -> None:
    assert not _taken(tmp_path, IN_MEMORY, text)


@pytest.mark.parametrize("kind", ["ext4", "overlay", "nfs4", "squashfs"])
def test_the_very_text_on_another_root_is_no_image(tmp_path: Path, kind: str) -> None:
    assert not _taken(tmp_path, ON_DISK.replace("ext4", kind))


def test_root_that_cannot_be_told_is_no_image(tmp_path: Path) -> None:
    assert not _taken(tmp_path, "")


def test_what_was_mounted_over_the_root_counts(tmp_path: Path) -> None:
    assert root_kind(IN_MEMORY + ON_DISK) == "ext4"
    assert not _taken(tmp_path, IN_MEMORY + ON_DISK)


def test_image_is_made_with_the_mark_that_is_looked_for() -> None:
    script = (ROOT / "initrd/image/make-layer").read_text(encoding="utf-8")
    match = re.search(r'^echo "(.*)" >"\$out(.*)"$', script, re.MULTILINE)
    assert match
    assert (f"{match[1]}\n".encode(), match[2]) == (MARK_TEXT, IMAGE_MARK)
