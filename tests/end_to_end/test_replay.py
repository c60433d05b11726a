"""A run can be replayed: the answerfile written of any draft, fed to the unattended road, gives the identical plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.installation import Circumstances, Prepared, prepare
from installer.answerfile import read_answerfile, write_answerfile
from installer.model import rules
from installer.model.answers import (
    AdminInterface,
    DiskChoice,
    Draft,
    Naming,
    PasswordKind,
    RootPassword,
    StaticAddress,
)
from installer.model.check import disk_refusals
from installer.model.errors import AnswersError, InvalidAnswer
from installer.model.host import Host
from installer.model.keymaps import TITLES
from installer.model.machine_file import load_host
from installer.model.problem import Problem, errors
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind
from installer.model.wishes import TimeMethod
from tests.backend.sample import IDENTITIES
from tests.backend.small_repository import small_repository
from tests.recorded_machine import BRAND

MACHINES = Path(__file__).parents[1] / "machines"
HASH = "$6$8fJ2kQ0z$Uggcpx.GdwJqB6JV1MmYCWY9b860FZCp74ewpR4/vIhCYoJdUQ2H1FESvULXkU2ZEs7ATJl0AZQl/ud/z5pIN."
# printable texts, XML's own letters among them; a password is not trimmed in the file
PASSWORDS = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=6, max_size=20).filter(
    lambda text: taken(text)
)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_repository(tmp_path_factory.mktemp("replay") / "xs")


def machines() -> dict[str, Host]:
    """Return the recorded machines that can be installed at all."""
    hosts = {path.stem: load_host(path.read_bytes(), path.name) for path in sorted(MACHINES.glob("*.json"))}
    return {name: host for name, host in hosts.items() if host.nics and _usable(host, primary=True)}


def _usable(host: Host, *, primary: bool) -> list[str]:
    return [disk.name for disk in host.disks if not disk_refusals(disk, host, primary=primary)]


def taken(text: str) -> bool:
    """Say whether the screens take a password: one that looks like a mark that was never filled in is none."""
    try:
        rules.root_password(text)
    except InvalidAnswer:
        return False
    return True


@st.composite
def drafts(draw: st.DrawFn, host: Host) -> Draft:
    """Return a draft as a person would complete it on the screens of this machine."""
    primary = draw(st.sampled_from(_usable(host, primary=True)))
    others = [name for name in _usable(host, primary=False) if name != primary]
    guests: Sequence[str] = draw(st.lists(st.sampled_from(others), unique=True)) if others else ()
    octets = st.integers(2, 200)
    static = StaticAddress(IPv4Interface(f"10.{draw(octets)}.3.{draw(octets)}/24"), IPv4Address("10.0.0.1"))
    static = replace(static, gateway=static.interface.network.network_address + 1)
    kind = draw(st.sampled_from(tuple(PasswordKind)))
    text = HASH if kind is PasswordKind.HASH else draw(PASSWORDS)
    nic = draw(st.sampled_from(host.nics))
    by_hand = draw(st.booleans())
    return Draft(
        keymap=draw(st.sampled_from(sorted(TITLES))),
        disks=DiskChoice((primary,), tuple(guests), draw(st.booleans()), erase_shared=draw(st.booleans())),
        root_password=RootPassword(kind, Secret(text)),
        skipped_packages=draw(st.sampled_from(((), ("docs",)))),
        interface=AdminInterface(
            *draw(st.sampled_from(((nic.name, None, None), (nic.name, static, None), (None, static, nic.mac)))),
            vlan=draw(st.sampled_from((None, 1, 4094))),
        ),
        time_method=TimeMethod.MANUAL if by_hand else TimeMethod.NTP,
        ntp_servers=() if by_hand else draw(st.sampled_from(((), ("ntp1.example.org", "10.1.2.123")))),
        timezone=draw(st.sampled_from(("UTC", "Europe/London", "America/Argentina/Ushuaia", "Asia/Kathmandu"))),
        naming=draw(
            st.sampled_from((Naming(), Naming("xen07"), Naming("xen07.example.org", (IPv4Address("10.1.2.53"),))))
        ),
    )


def planned(draft: Draft, host: Host) -> tuple[Prepared | None, tuple[Problem, ...]]:
    """Return what the unattended road makes of a draft, and the problems it told, without their places."""
    told: list[Problem] = []

    def require(problems: Sequence[Problem]) -> None:
        told.extend(replace(problem, where="") for problem in problems)
        if errors(tuple(problems)):
            raise AnswersError(tuple(problem.message for problem in problems))

    try:
        prepared = prepare(
            draft.complete(), Circumstances(lambda _: host, BRAND, plan_only=True), require, lambda count: IDENTITIES
        )
    except AnswersError:
        return None, tuple(told)
    return prepared, tuple(told)


def _may_be_refused(host: Host) -> bool:
    """Say whether some choice of disks is: without consent to erase what they share, or two paths to one disk."""
    twins = len({disk.serial for disk in host.disks if disk.serial}) < sum(1 for disk in host.disks if disk.serial)
    return twins or any(len(group.disks) > 1 for group in host.groups())


@pytest.mark.parametrize("name", machines())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_written_answers_give_the_identical_plan(name: str, source: Path, data: st.DataObject) -> None:
    host = machines()[name]
    location = Location(LocationKind.URL, Secret(str(source)))
    draft = replace(data.draw(drafts(host)), sources=(location,))
    text = write_answerfile(draft)
    read, problems = read_answerfile(text.encode(), "replay.xml")
    assert errors(problems) == ()
    first, told = planned(draft, host)
    again, told_again = planned(read, host)
    assert told == told_again
    assert (first is None) == (again is None)
    assert first is not None or _may_be_refused(host)
    if first and again:
        assert first.plan == again.plan
        assert first.plan.describe() == again.plan.describe()


def test_most_recorded_machines_are_replayed() -> None:
    assert len(machines()) >= 4
