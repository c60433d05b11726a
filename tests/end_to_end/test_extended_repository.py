"""A repository with extensions is installed by the whole command: zstd packages, SHA-256, stated unpacked sizes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.backend.small_repository import small_repository
from tests.end_to_end.command import answerfile, installer
from tests.needs import needs

pytestmark = pytest.mark.root
NEVER_FITS = 4 * 2**30
BOOT_CODE = b"\xeb\x63"  # the jump that GRUB's boot.img begins with


@pytest.fixture
def main(tmp_path: Path) -> Path:
    """The small base pack, made again by the program itself with zstd and SHA-256."""
    needs("losetup", "mkfs.ext3", "vgcreate", "grub-mkimage", "zstd", "bunzip2")
    old = small_repository(tmp_path / "old") / "packages.main"
    words = []
    for line in (old / "XS-PACKAGES").read_text(encoding="ascii").splitlines():
        name, _, _, _, need, filename, destination = line.split()
        subprocess.run(["bunzip2", str(old / filename)], check=True)
        words.append(f"{name}={old / filename.removesuffix('.bz2')},{need},{destination}")
    about = ["--id", "xs:main", "--name", "Extended", "--version", "4.0.1-1", "--compress", "tzst", "--sha256"]
    directory = tmp_path / "repository" / "packages.main"
    outcome = installer("repo", "build", *about, "--output", str(directory), *words, cwd=tmp_path)
    assert outcome.code == 0, outcome.text
    return directory


def _install(tmp_path: Path, main: Path) -> tuple[int, str]:
    (tmp_path / "answers.xml").write_text(answerfile(str(main.parent)), encoding="utf-8")
    arguments = ("--answerfile", "answers.xml", "--target", "disk.img", "--size", "16G", "install")
    outcome = installer(*arguments, cwd=tmp_path)
    return outcome.code, outcome.text


def test_zstd_packages_become_a_host(tmp_path: Path, main: Path) -> None:
    assert {path.suffix for path in main.iterdir()} == {"", ".zst"}
    code, text = _install(tmp_path, main)
    assert code == 0, text
    log = (tmp_path / "installer-log" / "install.log").read_text(encoding="utf-8")
    assert "zstd --decompress" in log and "bzip2" not in log
    with (tmp_path / "disk.img").open("rb") as stream:
        assert stream.read(2) == BOOT_CODE


def test_wrong_sha256_with_a_right_md5_fails_and_names_the_package(tmp_path: Path, main: Path) -> None:
    listing = (main / "XS-PACKAGES").read_text(encoding="ascii")
    stated = listing.split()[7]
    (main / "XS-PACKAGES").write_text(listing.replace(stated, f"sha256={'0' * 64}"), encoding="ascii")
    code, text = _install(tmp_path, main)
    assert code == 1
    assert f"has the SHA-256 {stated.removeprefix('sha256=')}, XS-PACKAGES states {'0' * 64}" in text
    assert "not bootable" in text


def test_packages_that_cannot_fit_are_refused_before_anything_is_changed(tmp_path: Path, main: Path) -> None:
    listing = (main / "XS-PACKAGES").read_text(encoding="ascii")
    (main / "XS-PACKAGES").write_text(listing.replace("\n", f" unpacked={NEVER_FITS}\n", 1), encoding="ascii")
    code, text = _install(tmp_path, main)
    assert code == 2
    assert "too large for the root partition" in text
    assert not os.path.exists(tmp_path / "disk.img")
