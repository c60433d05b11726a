"""What a run looks like as text, line by line."""

from __future__ import annotations

import io
import json

import pytest

from installer.model.errors import CommandFailed, InstallerError, UsageError
from installer.model.events import Event, PlanFinished, Retried, StepFailed, StepFinished, StepProgress, StepStarted
from installer.model.problem import Problem, Severity
from installer.model.secret import Masker, Secret
from installer.report import ConsoleReport, Reporter, nothing_changed

MB = 1_000_000


class _Stream(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


def _shown(*timed: tuple[float, Event], terminal: bool = False) -> list[str]:
    stream, now_s = _Stream(terminal=terminal), [0.0]
    report = ConsoleReport(stream, lambda: now_s[0])
    for at_s, event in timed:
        now_s[0] = at_s
        report(event)
    return stream.getvalue().replace("\r\x1b[K", "\n" if terminal else "").strip().splitlines()


def _package(second: int) -> tuple[float, Event]:
    return float(second), StepProgress(second / 100, "dom0fs", second * MB, 100 * MB, 1.0)


def test_progress_has_rate_and_time_left_once_they_are_known() -> None:
    lines = _shown((0, StepStarted(1, 2, "packages", "install dom0fs (100 MB)")), *map(_package, range(1, 13)))
    assert lines == [
        "[..............................]   1 %  dom0fs  1 MB of 100 MB",
        "[#.............................]   6 %  dom0fs  6 MB of 100 MB  1 MB/s",
        "[###...........................]  11 %  dom0fs  11 MB of 100 MB  1 MB/s  about 1 min left",
    ]


def test_a_terminal_shows_the_step_before_its_first_byte() -> None:
    lines = _shown((0, StepStarted(1, 2, "disks", "erase what is on sda")), terminal=True)
    assert lines == ["[..............................]   0 %  erase what is on sda"]


def test_steps_failures_and_retries_are_told_in_order() -> None:
    lines = _shown(
        (0, StepStarted(1, 1, "disks", "erase")),
        (1, StepFailed(1, "erase", "it broke", "wipefs", ("last words",), "Nothing was changed.", "try again")),
        (2, Retried(1, "erase")),
        (3, StepFinished(1, "erase", 1.0, 2.0)),
        (4, PlanFinished(ok=True, duration_s=4.0)),
    )
    assert lines[0] == "Failed at step 1, erase:"
    assert lines[-3:] == ["trying again: erase", "100 %  erase  (2.0 s)", "Installed in 4 s."]


@pytest.mark.parametrize("password", ["event", "message", "Problem", "null", "hidden-text", '": "', "7:13"])
def test_json_lines_stay_whole_whatever_the_password_is(password: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The secret is taken out of the values; keys and the kind of a record are our own words."""
    reporter, masker = Reporter(json_lines=True), Masker()
    masker.hide(Secret(password))
    reporter.mask = masker.mask
    reporter.problem(Problem(Severity.ERROR, f"<{password}>", "rack7.xml:7:13"))
    reporter.event(StepFailed(1, "erase", "it broke", "wipefs", (f"said {password}",), "", ""))
    problem, failed = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert list(problem) == ["event", "severity", "message", "where", "hint"]
    assert (problem["event"], problem["message"]) == ("Problem", "<***>")
    assert (failed["event"], failed["output"]) == ("StepFailed", ["said ***"])


@pytest.mark.parametrize(
    ("failure", "hint"),
    [
        (UsageError("no"), "Nothing was changed."),
        (UsageError("no", hint="try another one"), "try another one. Nothing was changed."),
        (UsageError("no", hint="did you mean x?"), "did you mean x? Nothing was changed."),
        (UsageError("no", hint="Nothing was changed."), "Nothing was changed."),
        (CommandFailed(("false",), 1, ()), "Nothing was changed."),
        (OSError(28, "No space left on device"), "the disk, or the file system that holds its image file, is full."),
        (KeyboardInterrupt(), "Nothing was changed."),
    ],
)
def test_failure_before_the_first_change_says_so_once(failure: BaseException, hint: str) -> None:
    with pytest.raises(InstallerError) as caught, nothing_changed():
        raise failure
    assert caught.value.hint.startswith(hint)
    assert str(caught.value).count("Nothing was changed.") == 1
