"""Network interfaces: which count, and what is known of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from backend.probe.nics import RawNic, parse_nic, read_nics
from installer.model.host import Nic

E1000 = RawNic(
    name="eth0",
    driver="e1000",
    wireless=False,
    attributes={"type": "1", "carrier": "1", "speed": "1000", "address": "52:54:00:12:34:56"},
    mac="52:54:00:12:34:56",
)


def test_a_wired_interface() -> None:
    assert parse_nic(E1000) == Nic("eth0", "52:54:00:12:34:56", "e1000", True, 1000)


def test_link_and_speed_of_an_interface_that_is_down_are_unknown() -> None:
    nic = parse_nic(replace(E1000, attributes={"type": "1"}))
    assert nic == Nic("eth0", "52:54:00:12:34:56", "e1000", None, None)


def test_no_cable() -> None:
    nic = parse_nic(replace(E1000, attributes={"type": "1", "carrier": "0", "speed": "-1"}))
    assert nic is not None and (nic.carrier, nic.speed_mbit) == (False, None)


@pytest.mark.parametrize("speed", ["-1", "0", "4294967295", "fast", ""])
def test_unknown_speeds(speed: str) -> None:
    nic = parse_nic(replace(E1000, attributes={**E1000.attributes, "speed": speed}))
    assert nic is not None and nic.speed_mbit is None


def test_the_address_of_sysfs_stands_in() -> None:
    nic = parse_nic(replace(E1000, mac="", attributes={**E1000.attributes, "address": "52:54:00:AB:CD:EF"}))
    assert nic is not None and nic.mac == "52:54:00:ab:cd:ef"


@pytest.mark.parametrize(
    "raw",
    [
        replace(E1000, driver=""),
        replace(E1000, wireless=True),
        replace(E1000, attributes={**E1000.attributes, "type": "32"}, mac="80:00:02:08:fe:80:00:00:00:00:00:00:f4:52"),
        replace(E1000, attributes={**E1000.attributes, "type": "772"}),
        replace(E1000, mac="", attributes={"type": "1"}),
    ],
    ids=["virtual", "wireless", "infiniband", "loopback", "no address"],
)
def test_leaves_out_what_is_no_wired_nic(raw: RawNic) -> None:
    assert parse_nic(raw) is None


def test_this_machine_has_only_devices_with_a_driver() -> None:
    nics = read_nics()
    assert all(nic.driver and Path("/sys/class/net", nic.name).exists() for nic in nics)
    assert "lo" not in [nic.name for nic in nics]
