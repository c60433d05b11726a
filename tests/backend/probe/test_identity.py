"""Who this machine is, from the kernel's routes, NICs and the tables of SMBIOS."""

from __future__ import annotations

import socket

import pytest

from backend.probe.identity import parse_default_route, read_identity
from backend.probe.nics import read_nics

HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
LAN = "eth0\t0002000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"


def default(name: str, metric: int, flags: str = "0003") -> str:
    return f"{name}\t00000000\t0202000A\t{flags}\t0\t0\t{metric}\t00000000\t0\t0\t0\n"


@pytest.mark.parametrize(
    ("routes", "name"),
    [
        (HEAD, ""),
        ("", ""),
        (HEAD + LAN, ""),
        (HEAD + LAN + default("eth1", 3), "eth1"),
        (HEAD + default("eth1", 3) + default("eth0.7", 2), "eth0.7"),
        (HEAD + default("eth1", 1, flags="0202") + default("eth0", 2), "eth0"),
    ],
)
def test_the_default_route_with_the_lowest_metric_counts(routes: str, name: str) -> None:
    assert parse_default_route(routes.splitlines()) == name


def test_this_machine_is_told_by_its_nics_and_its_name() -> None:
    identity = read_identity()
    assert identity.nics == read_nics()
    assert identity.hostname == socket.gethostname()
