"""What a person chose on the screens, kept as an answerfile, makes the identical plan unattended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from installer.answerfile import read_answerfile
from installer.model.ports import Cancel
from installer.model.problem import errors
from installer.reproduce import reproducing_answerfile
from tests.backend.small_repository import small_repository
from tests.recorded_machine import RecordedMachine
from tests.screens.recorded_machine import host
from tests.screens.stage import Session, session

SALT = "saltsaltsaltsalt"


def _primary(shown: Session) -> None:
    shown.go_to("primary-disk")
    shown.type("nvme")
    shown.press("f12", "tab", "space")


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


def _defaults(shown: Session) -> None:
    shown.go_to("naming")


@pytest.mark.parametrize(
    ("machine", "choose"),
    [("many", _defaults), ("many", _primary), ("many", _static), ("twins", _defaults), ("twins", _static)],
)
def test_kept_answers_of_a_session_make_its_plan_again(
    tmp_path: Path, machine: str, choose: Callable[[Session], None]
) -> None:
    recorded = RecordedMachine(host(machine), media=small_repository(tmp_path / "xs"))
    with session(recorded) as shown:
        choose(shown)
        shown.go_to("confirm")
        preview, draft = shown.road.state.preview, shown.road.state.draft
    assert preview and preview.number
    ran, text = reproducing_answerfile(draft.complete(), recorded.host, SALT)
    assert "marked-secret" not in text.reveal()
    again, problems = read_answerfile(text.reveal().encode(), "kept.xml")
    assert not errors(problems)
    replayed = recorded.preview(again, Cancel())
    assert replayed.lines == preview.lines and replayed.disks == preview.disks and replayed.phases == preview.phases
    assert ran.disks == draft.complete().disks
