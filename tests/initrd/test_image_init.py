"""The programs of init that can be tried without a machine."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT
from tests.needs import needs

PROGRAMS = ROOT / "initrd" / "init"
IMAGE = ROOT / "initrd" / "image"


def assignments(text: str) -> dict[str, str]:
    """Return the shell variables of lines NAME=value."""
    return dict(line.split("=", 1) for line in text.splitlines())


def test_kernel_words_are_given_to_init_as_it_reads_them() -> None:
    """Each variable that init presets when the words cannot be read is one that the program assigns."""
    argv = [sys.executable, str(PROGRAMS / "kernel-words")]
    result = subprocess.run(argv, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True)
    preset = re.search(r"read_words\(\) \{\n\t(.*)\n", PROGRAMS.joinpath("init").read_text(encoding="utf-8"))
    assert preset
    assert set(assignments(result.stdout)) == {word.split("=")[0] for word in preset[1].split()}


def test_values_are_quoted_for_the_shell() -> None:
    needs("bash")
    script = "from shlex import quote; print('answerfile=' + quote('http://h/a b$(id);\"x'))"
    line = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    shell = subprocess.run(
        ["bash", "-c", 'eval "$1"; printf %s "$answerfile"', "-", line], capture_output=True, text=True, check=True
    )
    assert shell.stdout == 'http://h/a b$(id);"x'


def test_programs_are_executable_and_bash_reads_them() -> None:
    needs("bash")
    for path in (*PROGRAMS.iterdir(), *(IMAGE / name for name in ("build", "make-base", "make-layer", "contents"))):
        assert path.stat().st_mode & 0o111, path
        if path.read_bytes().startswith(b"#!/bin/bash"):
            subprocess.run([shutil.which("bash") or "bash", "-n", str(path)], check=True)


def test_init_never_installs_in_a_loop() -> None:
    """The installer is called in one place, outside of any loop, and nothing but success restarts the machine."""
    text = PROGRAMS.joinpath("init").read_text(encoding="utf-8")
    assert text.count("run_installer") == 2  # where it is made and where it is called
    assert re.search(r"^run_installer$", text, re.MULTILINE)
    assert len(re.findall(r"^\s*leave ", text, re.MULTILINE)) == 1


def test_screens_are_begun_anew_when_the_process_that_loaded_them_has_died(tmp_path: Path) -> None:
    needs("bash")
    stub = tmp_path / "share-consoles"
    stub.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\nexit 7\n', encoding="ascii")
    stub.chmod(0o755)
    made = re.search(r"^begin_screens\(\) \{\n.*?^\}$", PROGRAMS.joinpath("init").read_text("utf-8"), re.M | re.S)
    assert made
    script = f"""\
set -u
programs={tmp_path} state={tmp_path} logs={tmp_path} output=ttyS0 output_given=yes ssh='' begun='' consoles=(ttyS0 tty1)
true & screens=$!; wait "$screens"
{made[0]}
begin_screens
wait "$screens"; echo "$begun $?"
"""
    said = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout.splitlines()
    assert said[:2] == ["--owner", "/dev/ttyS0"]
    assert said[-5:] == ["/dev/ttyS0", "/dev/tty1", "--", "installer", "yes 7"]


def test_image_is_made_with_debians_python() -> None:
    """One that comes earlier in PATH may have no venv, or no pip that builds what the image's own Python can load."""
    scripts = [path for path in IMAGE.iterdir() if path.is_file() and path.read_bytes().startswith(b"#!/bin/bash")]
    lines = [line for path in scripts for line in path.read_text(encoding="utf-8").splitlines()]
    commands = [line for line in lines if not line.lstrip().startswith("#")]
    assert any("/usr/bin/python3 -m venv" in line for line in commands)
    assert [line for line in commands if re.search(r"(^|[\s;&|(])python3?(\s|$)", line)] == []
