"""Programs connected by pipes end together, and the one that failed is the one that is named."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from backend.process import Pipeline, run_program
from installer.model.errors import CommandFailed, MissingTool

MUCH = bytes(4_000_000)


def children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def test_what_is_written_passes_through(tmp_path: Path) -> None:
    with Pipeline((("cat",), ("dd", f"of={tmp_path}/out", "status=none")), lambda _: None) as pipeline:
        pipeline.write(b"one ")
        pipeline.write(b"two")
    assert (tmp_path / "out").read_bytes() == b"one two"


def test_last_program_that_fails_is_named_with_its_words() -> None:
    with pytest.raises(CommandFailed) as caught, Pipeline((("cat",), ("ls", "/nothing")), lambda _: None) as pipeline:
        for _ in range(100):
            pipeline.write(MUCH)
    assert caught.value.argv == ("ls", "/nothing")
    assert "No such file" in caught.value.output[0]


def test_first_program_that_fails_is_named() -> None:
    with (
        pytest.raises(CommandFailed) as caught,
        Pipeline((("ls", "/nothing"), ("cat",)), lambda _: None) as pipeline,
    ):
        for _ in range(100):
            pipeline.write(MUCH)
    assert caught.value.argv == ("ls", "/nothing")


def test_missing_program_leaves_none_running() -> None:
    before = children()
    with (
        pytest.raises(MissingTool, match="no-such-program"),
        Pipeline((("cat",), ("no-such-program",)), lambda _: None),
    ):
        pass
    assert children() == before


def test_exception_of_the_feeder_ends_all_programs() -> None:
    before = children()
    with pytest.raises(KeyboardInterrupt), Pipeline((("cat",), ("cat",)), lambda _: None) as pipeline:
        pipeline.write(b"x")
        raise KeyboardInterrupt
    assert children() == before


def test_ctrl_c_while_a_pipeline_does_not_end_leaves_none_of_it_running() -> None:
    before = children()
    sleep = ("sleep", "1000")
    with pytest.raises(KeyboardInterrupt), Pipeline((sleep, sleep), lambda _: None):
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    assert children() == before


def test_pipeline_ends_a_program_that_takes_too_much_processor_time() -> None:
    with pytest.raises(CommandFailed) as caught, Pipeline((("sh", "-c", "while :; do :; done"),), lambda _: None, 1):
        pass
    assert caught.value.what == "sh took more than 1 s of processor time"


class Signalled(subprocess.Popen[bytes]):
    """A program that runs before the one who starts it knows: a signal comes in between."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[call-overload]  # handed on as it came
        signal.raise_signal(signal.SIGINT)


def test_signal_in_the_middle_of_starting_a_program_leaves_it_not_running(monkeypatch: pytest.MonkeyPatch) -> None:
    before, handler = children(), signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(subprocess, "Popen", Signalled)
    with pytest.raises(KeyboardInterrupt):
        run_program(("sleep", "1000"), "", (0,), None, "", lambda _: None)
    assert children() == before
    assert signal.getsignal(signal.SIGINT) is handler
