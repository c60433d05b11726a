"""The packed payload: nothing that would make two hosts the same, and a manifest that tells what is in it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.needs import needs

SHIPPED = re.compile(r"(^|/)(ssh_host_[^/]*|random-seed|etc/hostid)$")
PACKAGES = {"dom0fs", "xen", "kernel", "docs", "linux-guest"}


def _tar(package: Path, *arguments: str) -> str:
    needs("tar", "lbzip2")
    argv = ["tar", "--use-compress-program=lbzip2", "--file", str(package), *arguments]
    environment = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
    return subprocess.run(argv, capture_output=True, text=True, check=True, env=environment).stdout


def members(package: Path) -> dict[str, int]:
    """Return the files of a package: path to size in bytes."""
    rows = (line.split(maxsplit=5) for line in _tar(package, "--list", "--verbose").splitlines())
    return {row[5].partition(" -> ")[0].removeprefix("./"): int(row[2]) for row in rows if row[0][0] in "-l"}


@pytest.fixture(scope="module")
def packages(repository: Path) -> dict[str, dict[str, int]]:
    """The files of every package of both packs."""
    return {path.name.partition(".")[0]: members(path) for path in repository.glob("*/*.tar.bz2")}


def test_no_identity_is_in_any_package(packages: dict[str, dict[str, int]]) -> None:
    assert packages.keys() == PACKAGES
    assert "etc/ssh/sshd_config" in packages["dom0fs"]
    shipped = [f"{name}: {path}" for name, files in packages.items() for path in files if SHIPPED.search(path)]
    assert shipped == []


def test_machine_id_is_left_for_the_first_boot(packages: dict[str, dict[str, int]]) -> None:
    """Empty, and not missing: systemd makes one, and takes that boot for the first (machine-id(5))."""
    found = {path: size for files in packages.values() for path, size in files.items() if path.endswith("machine-id")}
    assert found == {"etc/machine-id": 0}


def test_manifest_has_the_packages_of_the_control_domain_with_their_versions(repository: Path) -> None:
    told = set()
    for line in (repository / "MANIFEST").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            root, package, version = line.split(" ")
            told.add((root, package, version))
    status = _tar(repository / "packages.main/dom0fs.tar.bz2", "--extract", "--to-stdout", "./var/lib/dpkg/status")
    stanzas = [dict(re.findall(r"^(\S+): (.*)$", stanza, re.MULTILINE)) for stanza in status.strip().split("\n\n")]
    installed = [
        (stanza["Package"], stanza["Version"]) for stanza in stanzas if stanza["Status"] == "install ok installed"
    ]
    assert {name for name, _ in installed} >= {"systemd", "xen-hypervisor-4.17-amd64", "openssh-server"}
    assert {("dom0", name, version) for name, version in installed} == {row for row in told if row[0] == "dom0"}
    assert any(row[:2] == ("kernel", "busybox-static") for row in told)
    assert any(re.fullmatch(r"linux-image-.*", name) for root, name, _ in told if root == "kernel")
