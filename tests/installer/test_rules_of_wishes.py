"""The rules of disks by description, VLANs, bonds, IPv6, time servers and ssh keys."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from installer.model import rules
from installer.model.errors import InvalidAnswer
from installer.model.units import exact_size

KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIAcBuiXn7YImZjiQN9ahUY8rXVpyWilDryzk/tDIefPU"


@pytest.mark.parametrize(
    ("rule", "text", "value"),
    [
        (rules.disk_size, "480 GB", 480 * 10**9),
        (rules.disk_size, "16GiB", 16 * 2**30),
        (rules.disk_size, "2tb", 2 * 10**12),
        (rules.disk_size, "512 B", 512),
        (rules.disk_wwn, "0x5000C500A1B2C3D4", "0x5000C500A1B2C3D4"),
        (rules.disk_wwn, "eui.0025385b71b0a1c2", "eui.0025385b71b0a1c2"),
        (rules.disk_mark, "SAMSUNG MZ7LH480", "SAMSUNG MZ7LH480"),
        (rules.vlan, "1", 1),
        (rules.vlan, "4094", 4094),
        (rules.ntp_server, "pool.ntp.org", "pool.ntp.org"),
        (rules.ntp_server, "2001:DB8::1", "2001:db8::1"),
        (rules.on_off, "OFF", False),
        (rules.on_off, "yes", True),
        (rules.time_method, "NTP", "ntp"),
        (rules.bond_members, "eth0, 00:16:3E:00:00:01", ("eth0", "00:16:3e:00:00:01")),
        (rules.ssh_key, f"ssh-ed25519   {KEY}\tme at home ", f"ssh-ed25519 {KEY} me at home"),
        (rules.ssh_key, f"ssh-ed25519 {KEY}", f"ssh-ed25519 {KEY}"),
    ],
)
def test_good_text_gives_its_value(rule: Callable[[str], object], text: str, value: object) -> None:
    assert rule(text) == value


@pytest.mark.parametrize(
    ("rule", "text", "said"),
    [
        (rules.disk_size, "480", "480 GB"),
        (rules.disk_size, "16G", "16 GiB"),
        (rules.disk_size, "-1 GB", "whole number"),
        (rules.disk_size, "1.5 TB", "whole number"),
        (rules.disk_wwn, "naa", "lsblk"),
        (rules.disk_mark, "a\nb", "lsblk"),
        (rules.vlan, "0", "1 to 4094"),
        (rules.vlan, "007", "1 to 4094"),
        (rules.vlan, "4095", "1 to 4094"),
        (rules.vlan, "eth0.7", "1 to 4094"),
        (rules.ntp_server, "0.0.0.0", "time server"),
        (rules.ntp_server, "fe80::1%eth0", "time server"),
        (rules.ntp_server, "ntp server", "host name"),
        (rules.on_off, "perhaps", "neither on nor off"),
        (rules.time_method, "dhcp", "ntp or manual"),
        (rules.bond_members, "eth0", "two members"),
        (rules.ipv6_interface, "2001:db8::1", "prefix length"),
        (rules.ipv6_interface, "2001:db8::1/129", "prefix length"),
        (rules.ipv6_interface, "10.0.0.1/8", "prefix length"),
        (rules.ipv6_interface, "ff02::1/64", "reached at"),
        (rules.ipv6_address, "::", "router"),
        (rules.ssh_key, f"ssh-rsa {KEY}", "damaged"),  # another type inside
        (rules.ssh_key, f"ssh-ed25519 {KEY[:-4]}", "damaged"),
        (rules.ssh_key, f"ssh-dss {KEY}", "does not take"),
        (rules.ssh_key, KEY, "not a public ssh key"),
        (rules.ssh_key, "-----BEGIN RSA PRIVATE KEY-----", "private key"),
    ],
)
def test_bad_text_is_refused_with_the_reason(rule: Callable[[str], object], text: str, said: str) -> None:
    with pytest.raises(InvalidAnswer) as caught:
        rule(text)
    assert said in caught.value.what + caught.value.hint


def test_no_fault_of_a_key_quotes_it() -> None:
    for text in ("-----BEGIN OPENSSH PRIVATE KEY-----\nMARKER", "ssh-ed25519 MARKERMARKERMARKER x", "MARKER"):
        with pytest.raises(InvalidAnswer) as caught:
            rules.ssh_key(text)
        assert "MARKER" not in str(caught.value)


@given(size_bytes=st.integers(min_value=0, max_value=10**17))
def test_an_exact_size_reads_back_the_same(size_bytes: int) -> None:
    assert rules.disk_size(exact_size(size_bytes)) == size_bytes
