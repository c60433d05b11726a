"""The page on payloads works when it is typed in, and its tables are what the installer looks for and writes."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from installer.model.repository import TYPE_FIELDS
from tests.conftest import ROOT
from tests.needs import PATH, needs

PAGE = ROOT / "docs" / "payload.md"
PLANS = ROOT / "tests" / "plans"
BLOCK = re.compile(r"^```sh( root)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# of the run itself, and gone at its end or no business of a payload
OWN = ("/installation-unfinished", "/backup-partition/*", "/lib/modules/*", "/lib/firmware/*")
LIMIT_S = 300


def _commands(*, root: bool) -> str:
    """Return all that is to be typed, for root or for anybody."""
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    return "".join(text for of_root, text in blocks if root or not of_root)


def _typed(commands: str, directory: Path, home: Path) -> str:
    """Type commands into a shell that ends at the first one that fails; returns what they print."""
    needs("bash", "tar", "lbzip2", "gpg", "gpgv", "gpg-agent", "gpgconf")
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{PATH}", "LC_ALL": "C.UTF-8", "HOME": str(home), "GNUPGHOME": str(home),
    }  # fmt: skip
    argv = ["bash", "-euo", "pipefail", "-c", commands]
    result = subprocess.run(argv, cwd=directory, env=environment, capture_output=True, text=True, timeout=LIMIT_S)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture
def home() -> Iterator[Path]:
    """A home of a short name: sockets in it have names of 108 bytes at most (unix(7))."""
    with TemporaryDirectory(prefix="keys-") as name:
        yield Path(name)
        kill = ["gpgconf", "--homedir", name, "--kill", "gpg-agent"]
        subprocess.run(kill, check=False, capture_output=True, env={"PATH": PATH})


def test_commands_work_as_they_are_typed(tmp_path: Path, home: Path) -> None:
    said = _typed(_commands(root=False), tmp_path, home)
    for package in ("dom0fs", "kernel", "docs", "tools", "nic-firmware"):
        assert package in said
    plan = said.partition("Nothing was changed.")[0].rpartition(" right\n")[2]
    assert [name for name in ("dom0fs", "kernel", "docs", "/opt/tools", "boot menu") if name not in plan] == []
    assert not (tmp_path / "disk.img").exists()


@pytest.mark.root
def test_payload_of_the_page_is_what_the_installer_expects(tmp_path: Path, home: Path) -> None:
    """Nothing more than the stand-ins is needed for an installation to be done to its end."""
    needs("losetup", "mkfs.ext3", "vgcreate", "grub-mkimage", "sfdisk", "chpasswd")
    said = _typed(_commands(root=True).partition("gpg --batch")[0], tmp_path, home)
    assert "Installed" in said
    assert (tmp_path / "disk.img").stat().st_size == 16 * 2**30


@pytest.mark.root
@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("xen.gz", "1 kernels and 0 hypervisors"),
        ("vmlinuz-6.1.0-1", "0 kernels and 1 hypervisors"),
        ("initrd.img-6.1.0-1", "without its initrd"),
    ],
)
def test_without_a_boot_file_of_the_table_the_installation_fails(
    tmp_path: Path, home: Path, name: str, said: str
) -> None:
    needs("losetup", "mkfs.ext3", "vgcreate", "grub-mkimage", "sfdisk", "chpasswd")
    typed = _commands(root=True).partition("gpg --batch")[0]
    without = typed.replace("installer repo build", f"rm -f trees/kernel/boot/{name}\ninstaller repo build")
    with pytest.raises(AssertionError, match=said):
        _typed(without, tmp_path, home)


def _table(heading: str) -> list[str]:
    """Return what stands in the first column of a table, each name by itself."""
    rows = PAGE.read_text(encoding="utf-8").partition(heading)[2].partition("\n\n")[0].splitlines()
    return [name for row in rows[2:] for name in re.findall(r"`([^`]+)`", row.split(" | ")[0])]


def test_table_of_written_files_is_that_of_the_golden_plans() -> None:
    written = {
        found
        for plan in PLANS.glob("*.actions")
        for found in re.findall(r"^write(?:-zeros)? (/\S+)", plan.read_text(encoding="utf-8"), re.MULTILINE)
    }
    named = _table("| file | what |")
    written = {path for path in written if not any(fnmatchcase(path, own) for own in OWN)}
    assert {path for path in written if not any(fnmatchcase(path, name) for name in named)} == set()
    assert [name for name in named if not any(fnmatchcase(path, name) for path in written)] == []


def test_table_of_types_is_that_of_the_reader() -> None:
    assert sorted(_table("| type | fields |")) == sorted(map(str, TYPE_FIELDS))
