"""The image's network program with static addresses, on a real interface in a network namespace of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.needs import needs

pytestmark = pytest.mark.root
PROGRAM = ROOT / "initrd" / "init" / "network"
NAMES = ROOT / "initrd" / "init" / "name-nics"
PREPARE = """\
set -e
mount -t sysfs sysfs /sys
ip link add eth0 type veth peer name peer0
ip link set {up} up
export NETWORK_STATE={directory}/state NETWORK_RESOLV={directory}/resolv.conf
"""


def run(directory: Path, *commands: str, up: str = "peer0") -> subprocess.CompletedProcess[str]:
    """Run shell commands where there is an eth0, connected or not."""
    needs("ip", "unshare")
    script = PREPARE.format(directory=directory, up=up) + "set +e\n" + "\n".join(commands)
    argv = ["unshare", "--net", "--mount", "bash", "-c", script]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)


def test_a_static_address_with_router_and_nameservers(tmp_path: Path) -> None:
    result = run(
        tmp_path,
        f"{PROGRAM} eth0 static 10.1.2.3/24 10.1.2.1 10.1.2.53 10.1.2.54",
        "ip -4 -o address show dev eth0",
        "ip route",
    )
    assert "eth0: 10.1.2.3/24, static" in result.stdout, result
    assert "inet 10.1.2.3/24" in result.stdout
    assert "default via 10.1.2.1 dev eth0" in result.stdout
    expected = "nameserver 10.1.2.53\nnameserver 10.1.2.54\n"
    assert (tmp_path / "resolv.conf").read_text(encoding="ascii") == expected


def test_a_second_address_takes_the_place_of_the_first(tmp_path: Path) -> None:
    """Also the lease of the first goes: what renews it is ended."""
    result = run(
        tmp_path,
        f"{PROGRAM} eth0 static 10.1.2.3/24 10.1.2.1 10.1.2.53",
        "sleep 60 & echo $! >$NETWORK_STATE/eth0.pid",
        f"{PROGRAM} eth0 static 192.168.7.9/16 192.168.0.1",
        "echo addresses: $(ip -4 -brief address show dev eth0)",
        "wait; echo ended",
    )
    assert "192.168.7.9/16" in result.stdout and "addresses: eth0" in result.stdout
    assert "10.1.2.3" not in result.stdout.partition("addresses:")[2]
    assert result.stdout.endswith("ended\n")
    assert (tmp_path / "resolv.conf").read_text(encoding="ascii") == ""


def test_a_router_outside_the_network_fails_and_says_so(tmp_path: Path) -> None:
    result = run(tmp_path, f"{PROGRAM} eth0 static 10.1.2.3/24 10.9.9.9; echo status $?")
    assert "status 1" in result.stdout and "static\n" not in result.stdout
    assert result.stderr.strip()


def test_a_nic_that_is_not_there_fails(tmp_path: Path) -> None:
    result = run(tmp_path, f"{PROGRAM} eth9 static 10.1.2.3/24 10.1.2.1; echo status $?")
    assert "this machine has no NIC eth9" in result.stdout and "status 1" in result.stdout


def test_a_vlan_is_an_interface_of_its_own_and_the_one_before_goes(tmp_path: Path) -> None:
    result = run(
        tmp_path,
        f"{PROGRAM} eth0.7 static 10.1.2.3/24 10.1.2.1",
        f"{PROGRAM} eth0.8 static 10.1.3.3/24 10.1.3.1; echo status $?",
        "ip -details -o link show type vlan",
        "ip -4 -o address show dev eth0.8",
        "ip route",
    )
    if "Unknown device type" in result.stderr:
        pytest.skip("this machine's kernel has no VLANs")
    assert "status 0" in result.stdout, result
    assert "eth0.7@" not in result.stdout and "eth0.8@eth0" in result.stdout and "id 8" in result.stdout
    assert "inet 10.1.3.3/24" in result.stdout and "default via 10.1.3.1 dev eth0.8" in result.stdout


def test_a_tag_that_no_network_has_is_refused(tmp_path: Path) -> None:
    result = run(tmp_path, f"{PROGRAM} eth0.5000 static 10.1.2.3/24 10.1.2.1; echo status $?")
    assert "eth0.5000: this tag cannot be put on eth0" in result.stdout and "status 1" in result.stdout


FIRST, SECOND, THIRD = "52:54:00:00:00:01", "52:54:00:00:00:02", "52:54:00:00:00:03"
THREE_NICS = (
    f"ip link set eth0 address {FIRST}",
    f"ip link add eth1 address {SECOND} type veth peer name peer1",
    f"ip link add eth2 address {THIRD} type veth peer name peer2",
)


def names(result: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Return the MAC address of each ethN."""
    lines = (line.split() for line in result.stdout.splitlines() if line.startswith("eth") and "@" in line)
    return {line[0].partition("@")[0]: line[2] for line in lines}


def test_nics_change_places_when_they_are_named_by_mac(tmp_path: Path) -> None:
    naming = f"{NAMES} eth0:{SECOND} eth1:{FIRST}; echo status $?"
    result = run(tmp_path, *THREE_NICS, naming, "ip -brief link")
    assert "status 0" in result.stdout, result
    assert names(result) == {"eth0": SECOND, "eth1": FIRST, "eth2": THIRD}


def test_a_nic_whose_name_another_gets_takes_a_free_one(tmp_path: Path) -> None:
    result = run(tmp_path, *THREE_NICS, f"{NAMES} eth0:{THIRD} eth3:{SECOND}", "ip -brief link")
    assert names(result) == {"eth0": THIRD, "eth3": SECOND, "eth1": FIRST}


def test_naming_a_nic_that_is_not_there_fails_and_tells_those_that_are(tmp_path: Path) -> None:
    result = run(tmp_path, *THREE_NICS, f"{NAMES} eth0:52:54:00:00:00:09; echo status $?", "ip -brief link")
    assert "no NIC 52:54:00:00:00:09" in result.stdout and f"eth1 {SECOND}" in result.stdout
    assert "status 1" in result.stdout
    assert names(result) == {"eth0": FIRST, "eth1": SECOND, "eth2": THIRD}


def test_the_name_that_dhcp_gives_is_kept_and_goes_with_the_next_address(tmp_path: Path) -> None:
    event = PROGRAM.parent / "dhcp-event"
    lease = "interface=eth0 ip=10.1.2.3 mask=24 router=10.1.2.1 dns=10.1.2.53"
    result = run(
        tmp_path,
        "mount -t tmpfs none /run",
        f"mkdir {tmp_path}/state",
        f"hostname=rack7 {lease} {event} bound && cat {tmp_path}/state/eth0.hostname",
        f"{PROGRAM} eth0 static 10.1.2.4/24 10.1.2.1 && ls {tmp_path}/state",
    )
    assert "rack7" in result.stdout, result
    assert "eth0.hostname" not in result.stdout
