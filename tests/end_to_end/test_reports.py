"""Reports of whole runs by the installed command: of those that end well, that fail early or late, and by screens."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.backend.reports.receivers import Taken, datagrams, receiving
from tests.backend.small_repository import small_repository
from tests.conftest import ROOT
from tests.end_to_end.command import PASSWORD, Outcome, answerfile, installer
from tests.end_to_end.test_screens import _install
from tests.screens.on_pty import on_terminal

CREDENTIALS = "marked-secret-user:marked-secret-word"
TELL_TALE = f"#!/bin/sh\necho the password is {PASSWORD}\nexit 3\n"


@contextmanager
def server(taken: Taken) -> Iterator[str]:
    with receiving(taken) as address:
        yield f"http://{CREDENTIALS}@{address}/reports?marked-secret"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return small_repository(tmp_path / "repository")


def run(tmp_path: Path, xml: str, *words: str) -> Outcome:
    (tmp_path / "a.xml").write_text(xml, encoding="ascii")
    return installer(*words, "--answerfile", "a.xml", "--target", "disk.img", "--size", "16G", "install", cwd=tmp_path)


def check(taken: Taken, exit_code: int) -> None:
    """See that a report is whole, ends with the outcome, and holds no secret."""
    assert taken.events()[0] == "Started" and taken.events()[-1] == "Ended", taken.events()
    assert taken.records[-1]["exit_code"] == exit_code
    assert [record["sequence"] for record in taken.records] == list(range(1, len(taken.records) + 1))
    assert "marked-secret" not in taken.text


@pytest.mark.root
def test_run_that_ends_well_is_told_step_by_step_to_everybody(tmp_path: Path, repository: Path) -> None:
    by_answers, by_option = Taken(), Taken()
    messages: list[bytes] = []
    with server(by_answers) as one, server(by_option) as other, datagrams(messages) as third:
        outcome = run(tmp_path, answerfile(str(repository), more=f"<report>{one}</report>"), "--report", other)
        assert outcome.code == 0, outcome.text
        again = run(tmp_path, answerfile(str(repository), more=f"<report>syslog://{third}</report>"))
        assert again.code == 0, again.text
    for taken in (by_answers, by_option):
        check(taken, 0)
        events = taken.events()
        assert events.count("StepStarted") == events.count("StepFinished") > 10
        assert events.index("StepStarted") < events.index("PlanFinished")
    assert by_answers.headers[0]["X-Installer-Run"] == by_option.headers[0]["X-Installer-Run"]
    assert "Authorization" in by_answers.headers[0]
    texts = [message.decode() for message in messages]
    assert " Started - {" in texts[0] and ' Ended - {"event": "Ended"' in texts[-1]
    assert not any("marked-secret" in text for text in texts)


@pytest.mark.root
def test_failed_step_is_told_without_what_a_script_gives_away(tmp_path: Path, repository: Path) -> None:
    (tmp_path / "script").write_text(TELL_TALE, encoding="ascii")
    script = f'<script stage="filesystem-populated" type="url" on-failure="abort">{tmp_path}/script</script>'
    taken = Taken()
    with server(taken) as url:
        outcome = run(tmp_path, answerfile(str(repository), more=f"{script}<report>{url}</report>"))
    assert outcome.code == 1
    check(taken, 1)
    (failed,) = (record for record in taken.records if record["event"] == "StepFailed")
    assert "the password is ***" in str(failed["output"])
    assert taken.events()[-3:] == ["PlanFinished", "Error", "Ended"]


@pytest.mark.root
@pytest.mark.parametrize(
    ("xml", "words", "exit_code", "kinds"),
    [
        (answerfile(f"http://{CREDENTIALS}@127.0.0.1:9/xs"), (), 1, {"Started", "Error", "Ended"}),
        (answerfile("/nowhere", timezone="<timezone>Mars</timezone>"), (), 2, {"Started", "Problem", "Error", "Ended"}),
        ("<installation>", (), 2, {"Started", "Problem", "Error", "Ended"}),
        (answerfile("/nowhere"), ("--ca", "/nowhere/ca.pem"), 1, {"Started", "Error", "Ended"}),
    ],
    ids=["source", "answers", "no answers", "certificate"],
)
def test_run_that_fails_before_there_is_a_plan_is_told(
    tmp_path: Path, xml: str, words: tuple[str, ...], exit_code: int, kinds: set[str]
) -> None:
    taken = Taken()
    with server(taken) as url:
        outcome = run(tmp_path, xml, "--report", url, *words)
    assert outcome.code == exit_code, outcome.text
    check(taken, exit_code)
    assert kinds <= set(taken.events()) <= kinds | {"Problem"}
    error = next(record for record in taken.records if record["event"] == "Error")
    assert str(error["what"]) in outcome.err


def test_place_that_bad_answers_name_is_told_what_is_bad_about_them(tmp_path: Path) -> None:
    taken = Taken()
    with server(taken) as url:
        xml = answerfile("/nowhere", timezone="<timezone>Mars</timezone>", more=f"<report>{url}</report>")
        assert run(tmp_path, xml).code == 2
    check(taken, 2)
    assert any("Mars" in str(record["message"]) for record in taken.records if record["event"] == "Problem")


@pytest.mark.root
def test_server_that_is_not_there_is_a_warning_and_no_more(tmp_path: Path, repository: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://{CREDENTIALS}@127.0.0.1:{silent.getsockname()[1]}/"
        began_s = time.monotonic()
        outcome = run(tmp_path, answerfile(str(repository)), "--report", url)
        took_s = time.monotonic() - began_s
        plain = time.monotonic()
        assert run(tmp_path, answerfile(str(repository))).code == 0
        plain_s = time.monotonic() - plain
    assert outcome.code == 0, outcome.text
    assert outcome.text.count("warning: the report to http://***@127.0.0.1") == 1
    assert took_s < plain_s + 5 + max(2.0, plain_s)  # the time at the end, and what a busy machine makes of the rest
    assert "marked-secret" not in outcome.text


def test_dry_run_reports_nothing(tmp_path: Path, repository: Path) -> None:
    taken = Taken()
    with server(taken) as url:
        (tmp_path / "a.xml").write_text(answerfile(str(repository), more=f"<report>{url}</report>"), encoding="ascii")
        words = ("--report", url, "--machine", "qemu", "--dry-run", "--answerfile", "a.xml", "install")
        outcome = installer(*words, cwd=tmp_path)
    assert (outcome.code, taken.records) == (0, []), outcome.text


def test_place_that_is_none_is_refused_and_not_quoted(tmp_path: Path) -> None:
    outcome = run(tmp_path, answerfile("/x"), "--report", "ftp://u:marked-secret@h/")
    assert outcome.code == 2 and "--report" in outcome.err and "syslog" in outcome.err
    assert "marked-secret" not in outcome.text


@pytest.mark.root
def test_installation_by_screens_is_told_too(tmp_path: Path, repository: Path) -> None:
    taken = Taken()
    with server(taken) as url:
        arguments = ["--target", "disk.img", "--size", "16G", "--media", str(repository), "--report", url]
        with on_terminal(arguments, tmp_path, "vt220") as shown:
            _install(shown)
            assert taken.events() in ([], ["Started"])
            shown.press("f12", "enter")
            shown.wait_for("The host is installed", 90)
            shown.press("f12", "enter")
            assert shown.finish() == 0
    check(taken, 0)
    assert "PlanFinished" in taken.events() and taken.records[0]["unattended"] is False
    assert "marked-secret" not in taken.text


@pytest.mark.root
def test_screens_say_when_a_report_does_not_arrive(tmp_path: Path, repository: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        arguments = ["--target", "disk.img", "--size", "16G", "--media", str(repository), "--report", url]
        with on_terminal(arguments, tmp_path, "vt220") as shown:
            _install(shown)
            shown.press("f12", "enter")
            shown.wait_for("The host is installed", 90)
            shown.press("f12", "enter")
            assert shown.finish() == 0
    log = (tmp_path / "installer-log" / "install.log").read_text(encoding="utf-8")
    assert log.count("does not arrive, the installation goes on") == 1


def test_receiver_of_the_documentation_keeps_and_shows_a_report(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    argv = [sys.executable, str(ROOT / "docs" / "report_receiver.py"), str(port), "reports"]
    with subprocess.Popen(argv, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as receiver:
        try:
            for _ in range(100):
                with socket.socket() as trial:
                    if trial.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            assert run(tmp_path, "<installation>", "--report", f"http://127.0.0.1:{port}/").code == 2
        finally:
            receiver.terminate()
        shown = receiver.stdout.read() if receiver.stdout else ""
    (file,) = (tmp_path / "reports").iterdir()
    records = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert records[0]["event"] == "Started" and records[-1] == {**records[-1], "event": "Ended", "exit_code": 2}
    assert "Started" in shown and '{"exit_code": 2}' in shown
