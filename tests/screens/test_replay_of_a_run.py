"""What a person chose on the screens, kept as an answerfile, makes the identical plan unattended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from backend.steps.files import WriteFile
from backend.steps.password import SetRootPassword
from installer.answerfile import read_answerfile
from installer.model.ports import Cancel
from installer.model.problem import errors
from installer.reproduce import reproducing_answerfile
from tests.backend.small_repository import small_repository
from tests.recorded_machine import RecordedMachine
from tests.screens.recorded_machine import host
from tests.screens.stage import Session, session

SALT = "saltsaltsaltsalt"


def _steps(machine: RecordedMachine) -> list[object]:
    """Return the steps of the newest plan with all they write; a kept password is a hash of the one typed."""
    prepared = machine._newest[1]
    assert prepared
    return [step for _, step in prepared.plan.steps() if not isinstance(step, SetRootPassword)]


def _primary(shown: Session) -> None:
    shown.go_to("primary-disk")
    shown.type("nvme")
    shown.press("f12", "tab", "space")


def _ipv6(shown: Session) -> None:
    shown.ipv6 = True
    shown.go_to("management-ipv6")
    shown.press("down", "down", "space", "tab")
    for text in ("2001:db8::10/64", "fe80::1"):
        shown.type(text)
        shown.press("enter")
    shown.press("f12")


def _ipv6_by_dhcp(shown: Session) -> None:
    shown.ipv6 = True
    shown.go_to("management-ipv6")
    shown.press("down", "space", "f12")


def _static(shown: Session) -> None:
    shown.go_to("management-network")
    shown.press("down", "space", "tab")
    for text in ("10.1.2.3", "255.255.255.0", "10.1.2.1", "12"):
        shown.type(text)
        shown.press("enter")
    shown.press("f12")
    shown.go_to("ntp-servers")
    shown.press("f12")
    shown.type("10.1.2.123")
    shown.press("f12")
    assert shown.name == "naming", shown.text
    shown.press("f12")
    shown.type("xen07")
    shown.press("f12")
    shown.type("10.1.2.53")


def _both(shown: Session) -> None:
    _ipv6(shown)
    shown.press("esc", "esc")
    _static(shown)


def _defaults(shown: Session) -> None:
    shown.go_to("naming")


@pytest.mark.parametrize(
    ("machine", "choose"),
    [
        ("many", _defaults),
        ("many", _primary),
        ("many", _static),
        ("twins", _defaults),
        ("twins", _static),
        ("many", _ipv6),
        ("many", _ipv6_by_dhcp),
        ("twins", _both),
    ],
)
def test_kept_answers_of_a_session_make_its_plan_again(
    tmp_path: Path, machine: str, choose: Callable[[Session], None]
) -> None:
    recorded = RecordedMachine(host(machine), media=small_repository(tmp_path / "xs"))
    with session(recorded) as shown:
        choose(shown)
        shown.go_to("confirm")
        preview, draft, steps = shown.road.state.preview, shown.road.state.draft, _steps(recorded)
    assert preview and preview.number
    ran, text = reproducing_answerfile(draft.complete(), recorded.host, SALT)
    assert "marked-secret" not in text.reveal()
    again, problems = read_answerfile(text.reveal().encode(), "kept.xml")
    assert not errors(problems)
    replayed = recorded.preview(again, Cancel())
    assert replayed.lines == preview.lines and replayed.disks == preview.disks and replayed.phases == preview.phases
    assert _steps(recorded) == steps
    assert ran.disks == draft.complete().disks


def test_ipv6_of_a_session_reaches_the_kept_answers_and_the_plan(tmp_path: Path) -> None:
    recorded = RecordedMachine(host("many"), media=small_repository(tmp_path / "xs"))
    with session(recorded) as shown:
        _ipv6(shown)
        shown.go_to("confirm")
        _, text = reproducing_answerfile(shown.road.state.draft.complete(), recorded.host, SALT)
    for words in ('protov6="static"', "<ipv6>2001:db8::10/64</ipv6>", "<gatewayv6>fe80::1</gatewayv6>"):
        assert words in text.reveal()
    written = "".join(step.text for step in _steps(recorded) if isinstance(step, WriteFile))
    assert "IPV6ADDR=2001:db8::10/64\nIPV6_DEFAULTGW=fe80::1\n" in written
