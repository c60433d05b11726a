"""A server that makes answerfiles: the example of the documentation, and what every such server is told."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from installer.model.answers import PasswordKind, RootPassword
from installer.model.machine_file import shipped_host
from installer.model.password_hash import hashed
from installer.model.secret import Secret
from tests.backend.small_repository import small_repository
from tests.backend.sources.web_server import answering, reply
from tests.conftest import ROOT
from tests.end_to_end.command import Outcome, answerfile, installer

MACHINE = "qemu"
MAC = shipped_host(MACHINE).nics[0].mac
HASH = hashed(RootPassword(PasswordKind.PLAINTEXT, Secret("marked-secret")), "0123456789abcdef").text.reveal()


@contextmanager
def example(directory: Path, mac: str) -> Iterator[str]:
    """Run the example of the documentation for one machine."""
    machines = directory / "machines.json"
    values = {"hostname": "rack7", "disk": shipped_host(MACHINE).disks[0].name, "password": HASH}
    machines.write_text(json.dumps({mac: values}), encoding="utf-8")
    argv = [sys.executable, str(ROOT / "docs/answerfile_server.py"), "0", str(machines), str(directory / "repository")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process.stdout.readline().strip() if process.stdout else ""
        finally:
            process.terminate()


def dry_run(directory: Path, address: str) -> Outcome:
    words = ("--machine", MACHINE, "--dry-run", "--answerfile", address, "install")
    return installer(*words, cwd=directory)


@pytest.mark.parametrize("name", ["{mac}.xml", "answers?for={mac}"], ids=["by name", "by headers"])
def test_the_example_answers_the_machine_that_it_knows(tmp_path: Path, name: str) -> None:
    small_repository(tmp_path / "repository")
    with example(tmp_path, MAC) as base:
        outcome = dry_run(tmp_path, base + name)
    assert outcome.code == 0, outcome.text
    assert "| rack7" in outcome.out


def test_the_example_answers_no_other_machine(tmp_path: Path) -> None:
    with example(tmp_path, "52:54:00:00:00:01") as base:
        outcome = dry_run(tmp_path, base + "{mac}.xml")
    assert outcome.code == 1
    assert f"{base}{MAC}.xml" in outcome.err and "404" in outcome.err and "Nothing was changed." in outcome.err


def test_who_asks_is_told_with_the_request_for_answers_and_after_a_redirect_but_with_no_other(tmp_path: Path) -> None:
    repository = small_repository(tmp_path / "repository")
    heard: list[tuple[str, str | None]] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        heard.append((handler.path, handler.headers.get("X-Installer-MAC-0")))
        path = tmp_path / handler.path.lstrip("/")
        if handler.path == "/moved":
            reply(handler, status=302, Location="/answers.xml")
        elif path.is_file():
            reply(handler, path.read_bytes())
        else:
            reply(handler, status=404)

    with answering(answer) as server:
        text = answerfile(f"http://{server}/{repository.name}")
        (tmp_path / "answers.xml").write_text(text, encoding="utf-8")
        outcome = dry_run(tmp_path, f"http://{server}/moved")
    assert outcome.code == 0, outcome.text
    told = [path for path, mac in heard if mac == f"{shipped_host(MACHINE).nics[0].name} {MAC}"]
    assert told == ["/moved", "/answers.xml"]
    assert {mac for path, mac in heard if path not in told} == {None}


def test_an_unknown_mark_ends_the_run_before_anything_is_asked(tmp_path: Path) -> None:
    outcome = dry_run(tmp_path, "http://127.0.0.1:9/{asset}.xml")
    assert outcome.code == 2
    assert "unknown mark" in outcome.err and "{mac}, {serial}, {hostname}" in outcome.err
