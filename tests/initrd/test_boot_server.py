"""The server of the boot media: files over HTTP, and a notice that makes a machine start from its disk."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.end_to_end.boot_media import MEDIA, boot_server

INSTALLED = ROOT / "initrd" / "init" / "installed"
FIRST = "52:54:00:12:34:56"
SECOND = "52:54:00:AB:CD:EF"
UUID = "00112233-4455-6677-8899-AABBCCDDEEFF"
UUID_FILES = ["00112233-4455-6677-8899-aabbccddeeff", "33221100-5544-7766-8899-aabbccddeeff"]


@dataclass(frozen=True)
class Server:
    """A running server with its two directories."""

    port: int
    served: Path
    hosts: Path

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, str]:
        """Send one request; returns status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def known(self) -> list[str]:
        """Return the names of the files of hosts, also of unfinished ones."""
        return sorted(path.name for path in self.hosts.iterdir())


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    served, hosts = tmp_path / "served", tmp_path / "pxelinux.cfg"
    served.mkdir()
    hosts.mkdir()
    with boot_server(served, hosts) as port:
        yield Server(port, served, hosts)


def test_files_are_served_and_nothing_outside(server: Server) -> None:
    server.served.joinpath("answerfile.xml").write_text("<installation/>", encoding="ascii")
    server.hosts.joinpath("default").write_text("of tftp", encoding="ascii")
    assert server.ask("GET", "/answerfile.xml") == (200, "<installation/>")
    assert server.ask("GET", "/../pxelinux.cfg/default")[0] == 404


def test_notice_makes_a_file_for_each_nic(server: Server) -> None:
    status, answer = server.ask("POST", "/installed", f"{FIRST}\n{SECOND}\n")
    assert (status, answer) == (200, "noted 52:54:00:12:34:56 52:54:00:ab:cd:ef\n")
    assert server.known() == ["01-52-54-00-12-34-56", "01-52-54-00-ab-cd-ef"]
    text = server.hosts.joinpath("01-52-54-00-ab-cd-ef").read_text(encoding="ascii")
    assert text.endswith("\ndefault disk\nlabel disk\n  localboot 0\n")
    assert "52:54:00:12:34:56 52:54:00:ab:cd:ef was installed" in text


def test_notice_with_a_uuid_makes_a_file_for_either_order_of_its_bytes(server: Server) -> None:
    """Pxelinux writes the name as the firmware sends the bytes, some of which turn the first three fields round."""
    status, answer = server.ask("POST", "/installed", f"{FIRST}\n{UUID}\n")
    assert (status, answer) == (200, f"noted {FIRST} {UUID.lower()}\n")
    assert server.known() == [*UUID_FILES[:1], "01-52-54-00-12-34-56", *UUID_FILES[1:]]


def test_guide_removes_all_files_of_a_host_where_the_server_reads_them(server: Server, tmp_path: Path) -> None:
    """The commands of docs/pxe.md, in a directory that is linked as `make pxe-server` does; no other file goes."""
    guide = ROOT.joinpath("docs/pxe.md").read_text(encoding="utf-8")
    commands = re.search(r"```\n(cd build/pxe-server/\S+\n.*rm\n)```", guide)
    assert commands
    linked = tmp_path / "build" / "pxe-server"
    linked.mkdir(parents=True)
    tree = tmp_path / "build" / "pxe"
    tree.mkdir()
    linked.joinpath("tftp").symlink_to(tree)
    tree.joinpath("pxelinux.cfg").symlink_to(server.hosts)
    server.hosts.joinpath("default").write_text(f"append map_netdev=eth0:{FIRST}\n", encoding="ascii")
    server.ask("POST", "/installed", f"{FIRST}\n{UUID}\n")
    server.ask("POST", "/installed", f"{SECOND}\n")
    subprocess.run(["sh", "-ec", commands[1]], cwd=tmp_path, check=True)
    assert server.known() == ["01-52-54-00-ab-cd-ef", "default"]


def test_file_of_a_host_is_read_by_the_user_of_the_tftp_server(tmp_path: Path) -> None:
    """Pxelinux takes a file that is refused for one that is not there, and would install the host again."""
    served, hosts = tmp_path / "served", tmp_path / "hosts"
    served.mkdir()
    hosts.mkdir()
    before = os.umask(0o077)
    try:
        with boot_server(served, hosts) as port:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            line.request("POST", "/installed", b"52:54:00:12:34:56\n")
            assert line.getresponse().status == 200
            line.close()
    finally:
        os.umask(before)
    assert (hosts / "01-52-54-00-12-34-56").stat().st_mode & 0o777 == 0o644


def test_same_notice_twice_is_no_error(server: Server) -> None:
    assert [server.ask("POST", "/installed", FIRST)[0] for _ in range(2)] == [200, 200]
    assert server.known() == ["01-52-54-00-12-34-56"]


@pytest.mark.parametrize(
    "body", ["", UUID[:-1], f"{UUID}0", "../../etc/passwd", f"{FIRST}\n../x", "default", "52:54:00:12:34", "\xff"]
)
def test_notice_that_is_no_list_of_addresses_writes_nothing(server: Server, body: str) -> None:
    assert server.ask("POST", "/installed", body)[0] == 400
    assert server.known() == []


def test_notice_that_is_too_long_is_refused(server: Server) -> None:
    assert server.ask("POST", "/installed", f"{FIRST}\n" * 300)[0] == 413
    assert server.known() == []


def test_notice_elsewhere_is_refused(server: Server) -> None:
    assert server.ask("POST", "/answerfile.xml", FIRST)[0] == 404
    assert server.known() == []


def test_machine_tells_of_its_real_nics_alone(server: Server, tmp_path: Path) -> None:
    for name, address, real in (
        ("eth0", FIRST, True),
        ("eth1", SECOND.lower(), True),
        ("lo", "00:00:00:00:00:00", False),
    ):
        nic = tmp_path / "net" / name
        nic.mkdir(parents=True)
        nic.joinpath("address").write_text(f"{address}\n", encoding="ascii")
        if real:
            nic.joinpath("device").mkdir()
    result = _tell(f"http://127.0.0.1:{server.port}/installed", tmp_path / "net", tmp_path / "no-uuid")
    assert (result.returncode, result.stdout) == (0, "noted 52:54:00:12:34:56 52:54:00:ab:cd:ef\n")
    assert server.known() == ["01-52-54-00-12-34-56", "01-52-54-00-ab-cd-ef"]


@pytest.mark.parametrize(
    "filler",
    [
        "00000000-0000-0000-0000-000000000000",
        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
        "03000200-0400-0500-0006-000700080009",
        "",
    ],
)
def test_machine_without_a_nic_that_it_knows_tells_of_its_uuid_unless_others_have_the_same(
    server: Server, tmp_path: Path, filler: str
) -> None:
    nics, uuid = tmp_path / "net", tmp_path / "product_uuid"
    uuid.write_text(f"{UUID}\n", encoding="ascii")
    assert _tell(f"http://127.0.0.1:{server.port}/installed", nics, uuid).stdout == f"noted {UUID.lower()}\n"
    assert server.known() == UUID_FILES
    uuid.write_text(f"{filler}\n", encoding="ascii")
    assert _tell(f"http://127.0.0.1:{server.port}/installed", nics, uuid).returncode == 1
    assert server.known() == UUID_FILES


def test_machine_says_that_the_server_takes_no_notices(server: Server, tmp_path: Path) -> None:
    result = _tell(f"http://127.0.0.1:{server.port}/answerfile.xml", tmp_path, tmp_path / "no-uuid")
    assert (result.returncode, result.stdout) == (1, "it answers 404 Not Found\n")


def _tell(url: str, sysfs: Path, uuid: Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, str(INSTALLED), url, str(sysfs), str(uuid)]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)


def test_directory_that_is_missing_is_told(tmp_path: Path) -> None:
    argv = [
        sys.executable,
        str(MEDIA / "boot_server.py"),
        "--directory",
        str(tmp_path),
        "--hosts",
        str(tmp_path / "no"),
    ]
    result = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 2 and "is no directory" in result.stderr
