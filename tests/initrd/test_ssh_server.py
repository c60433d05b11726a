"""How root is let in by ssh: the hash, the key and what the consoles show, with stand-ins for dropbear's programs."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.needs import PATH, needs

PROGRAM = ROOT / "initrd" / "init" / "ssh-server"
PASSWORD = "marked-secret-by-ssh"
FINGERPRINT = "SHA256:lgzUDrLJPzr9xqGFxCHNDaD3U4aroUbczzsz2/2C2oo"
# what is said of a program's start: its arguments, environment and input
DROPBEAR = '#!/bin/bash\n{{ printf "%s\\n" "$0" "$@"; env; cat; }} >{directory}/started\nexit {status}\n'
DROPBEARKEY = '#!/bin/bash\necho "Fingerprint: {fingerprint}"\n'
ALIKE = set("0o1il")


def stand_ins(directory: Path, *, fingerprint: str = FINGERPRINT, status: int = 0) -> Path:
    """Make programs in the place of dropbear's."""
    programs = directory / "programs"
    programs.mkdir()
    texts = {"dropbear": DROPBEAR.format(directory=directory, status=status)}
    texts["dropbearkey"] = DROPBEARKEY.format(fingerprint=fingerprint)
    for name, text in texts.items():
        programs.joinpath(name).write_text(text, encoding="ascii")
        programs.joinpath(name).chmod(0o755)
    return programs


def opened(directory: Path, password: str = "", network: str = "true") -> subprocess.CompletedProcess[str]:
    """Let root in, on a machine whose network is made by shell commands."""
    needs("ip", "unshare")
    places = " ".join(str(directory / name) for name in ("state", "shadow", "ssh.log"))
    script = f"{network}; exec {PROGRAM} open {places}"
    environment = {"PATH": f"{directory / 'programs'}:{PATH}", "PYTHONPATH": str(ROOT)}
    argv = ["unshare", "--net", "bash", "-c", script]
    return subprocess.run(argv, input=password, env=environment, capture_output=True, text=True, check=False)


def hash_of(directory: Path) -> str:
    """Return root's hash."""
    name, found, *rest = directory.joinpath("shadow").read_text(encoding="ascii").rstrip("\n").split(":")
    assert name == "root" and rest == [""] * 7
    return found


def hashed(password: str, salt: str) -> str:
    """Return what another program makes of a password."""
    needs("openssl")
    argv = ["openssl", "passwd", "-6", "-salt", salt, "-stdin"]
    return subprocess.run(argv, input=password, capture_output=True, text=True, check=True).stdout.strip()


pytestmark = pytest.mark.root


def test_given_password_is_hashed_and_stands_nowhere(tmp_path: Path) -> None:
    stand_ins(tmp_path)
    result = opened(tmp_path, PASSWORD)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert hash_of(tmp_path) == hashed(PASSWORD, hash_of(tmp_path).split("$")[2])
    assert stat.S_IMODE(tmp_path.joinpath("shadow").stat().st_mode) == 0o600
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert tmp_path / "started" in files
    assert [path for path in files if PASSWORD in path.read_text(encoding="utf-8")] == []
    assert "that of the kernel's words" in tmp_path.joinpath("state", "notice").read_text(encoding="ascii")


def test_password_is_made_when_none_is_given_and_shown_to_the_consoles_alone(tmp_path: Path) -> None:
    stand_ins(tmp_path)
    result = opened(tmp_path)
    notice = tmp_path.joinpath("state", "notice").read_text(encoding="ascii")
    found = re.search(r"password: ([a-z0-9]{12,})\n", notice)
    assert found and not ALIKE & set(found[1])
    assert f"host key: {FINGERPRINT}\n" in notice
    assert hash_of(tmp_path) == hashed(found[1], hash_of(tmp_path).split("$")[2])
    assert found[1] not in result.stdout + result.stderr
    assert found[1] not in tmp_path.joinpath("started").read_text(encoding="utf-8")
    assert stat.S_IMODE(tmp_path.joinpath("state").stat().st_mode) == 0o700


def test_every_start_makes_another_password_and_salt(tmp_path: Path) -> None:
    made = []
    for name in ("first", "second"):
        directory = tmp_path / name
        directory.mkdir()
        stand_ins(directory)
        opened(directory)
        made += [directory.joinpath("state", "password").read_text(encoding="ascii"), hash_of(directory).split("$")[2]]
    assert len(set(made)) == 4


def test_server_has_the_key_that_is_shown_and_refuses_to_forward(tmp_path: Path) -> None:
    stand_ins(tmp_path)
    opened(tmp_path)
    words = tmp_path.joinpath("started").read_text(encoding="utf-8").splitlines()
    assert words[words.index("-r") + 1] == str(tmp_path / "state" / "host_key")
    assert {"-j", "-k"} <= set(words)


@pytest.mark.parametrize(
    ("network", "shown"),
    [
        ("ip link set lo up", ["ssh root@ADDRESS, once this machine has one; it has none yet"]),
        ("ip address add 10.1.2.3/24 dev eth0", ["ssh root@10.1.2.3"]),
        (
            "ip address add 10.1.2.3/24 dev eth0; ip address add 10.9.2.3/24 dev peer0; "
            "ip address add 2001:db8::7/64 dev eth0",
            ["ssh root@10.1.2.3", "ssh root@10.9.2.3"],
        ),
        ("ip address add 2001:db8::7/64 dev eth0", ["ssh root@2001:db8::7"]),
    ],
)
def test_consoles_name_the_addresses_of_the_machine(tmp_path: Path, network: str, shown: list[str]) -> None:
    stand_ins(tmp_path)
    links = "ip link add eth0 type veth peer name peer0; ip link set eth0 up; ip link set peer0 up"
    assert opened(tmp_path, network=f"{links}; {network}").returncode == 0
    lines = tmp_path.joinpath("state", "notice").read_text(encoding="ascii").splitlines()
    assert sorted(lines[:-2]) == shown
    assert max(map(len, lines)) < 80


def test_address_that_comes_later_is_named_then(tmp_path: Path) -> None:
    stand_ins(tmp_path)
    opened(tmp_path, PASSWORD)
    before = tmp_path.joinpath("state", "notice").read_text(encoding="ascii")
    network = "ip link add eth0 type veth peer name peer0; ip address add 10.1.2.3/24 dev eth0; ip link set eth0 up"
    argv = ["unshare", "--net", "bash", "-c", f"{network}; {PROGRAM} notice {tmp_path / 'state'}"]
    subprocess.run(argv, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)
    after = tmp_path.joinpath("state", "notice").read_text(encoding="ascii")
    assert "10.1.2.3" not in before
    assert after.splitlines() == ["ssh root@10.1.2.3", *before.splitlines()[-2:]]


def test_server_that_does_not_start_is_told(tmp_path: Path) -> None:
    stand_ins(tmp_path, status=1)
    result = opened(tmp_path, PASSWORD)
    assert result.returncode == 1 and "exit status 1" in result.stdout and PASSWORD not in result.stdout
    assert not tmp_path.joinpath("state", "notice").exists()


def test_key_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    stand_ins(tmp_path, fingerprint="none")
    result = opened(tmp_path, PASSWORD)
    assert result.returncode == 1 and "no key was made" in result.stdout
    assert not tmp_path.joinpath("started").exists()
