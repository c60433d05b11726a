"""Bringing the network up: the command for a wish, its words when it fails, its end when it is cancelled."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from backend.network_up import bring_up, bring_up_any, network_argv
from installer.model.answers import AdminInterface, StaticAddress
from installer.model.errors import Cancelled, DeviceError, UsageError
from installer.model.ports import Cancel, NetworkWish
from tests.backend.sample import HOST

STATIC = StaticAddress(IPv4Interface("10.1.2.3/24"), IPv4Address("10.1.2.1"))


def program(directory: Path, text: str) -> str:
    path = directory / "network"
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="ascii")
    path.chmod(0o755)
    return str(path)


def test_dhcp_on_the_named_nic_or_the_only_one() -> None:
    assert network_argv(HOST, NetworkWish(AdminInterface("eth1")), "net") == ("net", "eth1")
    only = replace(HOST, nics=HOST.nics[:1])
    assert network_argv(only, NetworkWish(AdminInterface()), "net") == ("net", "eth0")


def test_static_with_nameservers() -> None:
    wish = NetworkWish(AdminInterface("eth0", STATIC), ("10.1.2.53", "10.1.2.54"))
    expected = ("net", "eth0", "static", "10.1.2.3/24", "10.1.2.1", "10.1.2.53", "10.1.2.54")
    assert network_argv(HOST, wish, "net") == expected


def test_by_address_and_with_a_vlan() -> None:
    wish = NetworkWish(AdminInterface(mac=HOST.nics[1].mac, vlan=7))
    assert network_argv(HOST, wish, "net") == ("net", "eth1.7")
    static = NetworkWish(AdminInterface("eth0", STATIC, vlan=4094))
    assert network_argv(HOST, static, "net")[1:3] == ("eth0.4094", "static")


def test_ipv6_alone_is_refused_and_not_ignored() -> None:
    with pytest.raises(UsageError, match="IPv6"):
        network_argv(HOST, NetworkWish(AdminInterface("eth0", without_ipv4=True)))


def test_a_nic_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(UsageError) as caught:
        network_argv(HOST, NetworkWish(AdminInterface("eth7")))
    assert "eth7" in caught.value.what and "eth0, eth1" in caught.value.hint


def test_what_the_program_says_of_its_failure_is_the_error(tmp_path: Path) -> None:
    path = program(tmp_path, 'echo "$1: no answer to DHCP within 60 s"; exit 1')
    with pytest.raises(DeviceError, match="eth0: no answer to DHCP within 60 s") as caught:
        bring_up(HOST, NetworkWish(AdminInterface("eth0")), Cancel(), path)
    assert "cable" in caught.value.hint


def test_success_is_silent(tmp_path: Path) -> None:
    bring_up(HOST, NetworkWish(AdminInterface("eth0")), Cancel(), program(tmp_path, "echo fine"))


def test_a_cancel_ends_the_program_and_what_it_started_within_a_second(tmp_path: Path) -> None:
    path = program(tmp_path, f"sleep 60 & echo $! > {tmp_path}/pid; wait")
    cancel = Cancel()
    timer = threading.Timer(0.5, cancel.set)
    timer.start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        bring_up(HOST, NetworkWish(AdminInterface("eth0")), cancel, path)
    assert time.monotonic() - began < 1.5
    timer.join()
    pid = int((tmp_path / "pid").read_text(encoding="ascii"))
    end_s = time.monotonic() + 1
    while Path(f"/proc/{pid}").exists() and "Z" not in _state(pid) and time.monotonic() < end_s:
        time.sleep(0.02)
    assert not Path(f"/proc/{pid}").exists() or "Z" in _state(pid)


def _state(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stream:
            return stream.read().split()[2]
    except OSError:
        return "Z"


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    path, before = program(tmp_path, "true"), len(os.listdir("/proc/self/fd"))
    bring_up(HOST, NetworkWish(AdminInterface("eth0")), Cancel(), path)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    ("routes", "asked"),
    [("Iface\tDestination\n", True), ("", True), ("Iface\tDestination\neth0\t00000000\n", False)],
)
def test_any_network_is_brought_up_unless_there_is_one(tmp_path: Path, routes: str, asked: bool) -> None:
    (tmp_path / "route").write_text(routes, encoding="ascii")
    bring_up_any(Cancel(), program(tmp_path, f'echo "$@" >{tmp_path}/asked'), str(tmp_path / "route"))
    assert tmp_path.joinpath("asked").exists() is asked
    if asked:
        assert tmp_path.joinpath("asked").read_text(encoding="ascii") == "all\n"
