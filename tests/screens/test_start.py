"""What is said instead of a session, and how a terminal is taken by what it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from installer.model.errors import UsageError
from screens.looks import look_of
from screens.shared import STATE
from screens.start import Occasion, start
from tests.recorded_machine import RecordedMachine
from tests.screens.on_pty import on_terminal
from tests.screens.recorded_machine import host
from tests.screens.stage import flow


def test_an_installer_on_another_console_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "isatty", lambda descriptor: True)
    monkeypatch.setenv("TERM", "xterm")
    machine = RecordedMachine(host("single"), other="ttyS0", in_image=True)
    with pytest.raises(UsageError, match="an installer runs already on ttyS0") as told:
        start(machine, Occasion("XenServer", None, lambda fault: None), lambda state, screens: flow(state))
    assert "go on there" in told.value.hint


@pytest.mark.parametrize(
    ("environment", "device", "seconds"),
    [
        ({"TERM": "xterm"}, "/dev/pts/0", 0.05),
        ({"TERM": "tmux-256color", "SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}, "/dev/pts/0", 0.3),
        ({"TERM": "vt220"}, "/dev/ttyS0", 0.4),
    ],
)
def test_a_lone_escape_is_waited_on_as_long_as_the_line_is_slow(
    environment: dict[str, str], device: str, seconds: float
) -> None:
    assert look_of(environment, device).escape_s == seconds


def test_an_opened_terminal_is_given_back_before_an_error_is_told(tmp_path: Path) -> None:
    with on_terminal([], tmp_path, more={STATE: str(tmp_path / "state")}) as terminal:
        assert terminal.finish() == 2
    opened, left = (terminal.sent.find(sequence) for sequence in (b"\x1b[?1049h", b"\x1b[?1049l"))
    assert terminal.sent.find(b"looks at the hardware") >= 0 and 0 <= opened < left < terminal.sent.find(b"installer: ")


def test_no_terminal_is_opened_for_a_command(tmp_path: Path) -> None:
    with on_terminal(["check", "nothing.xml"], tmp_path, more={STATE: str(tmp_path / "state")}) as terminal:
        assert terminal.finish() == 2
    assert b"\x1b[?1049h" not in terminal.sent
