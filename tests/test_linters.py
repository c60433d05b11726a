"""Linters as tests, so that one command is the gate."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def _run(*argv: str) -> None:
    result = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_ruff_finds_nothing() -> None:
    _run(sys.executable, "-m", "ruff", "check", "--quiet", ".")


def test_everything_is_formatted() -> None:
    _run(sys.executable, "-m", "ruff", "format", "--check", "--quiet", ".")


def test_types_are_sound() -> None:
    _run(sys.executable, "-m", "mypy")


def test_shell_scripts_are_sound() -> None:
    if shutil.which("shellcheck") is None:
        if os.environ.get("CI"):
            pytest.fail("shellcheck is missing in CI")
        pytest.skip("shellcheck is not installed")
    scripts = [str(path) for path in sorted(ROOT.glob("initrd/**/*")) if _is_shell(path)] + [str(ROOT / ".ci/run")]
    _run("shellcheck", "--external-sources", "--source-path=SCRIPTDIR", "--severity=warning", *scripts)


def _is_shell(path: Path) -> bool:
    if not path.is_file() or path.is_symlink():
        return False
    first = path.read_bytes()[:64].split(b"\n")[0]
    return first.startswith(b"#!") and (first.endswith((b"sh", b"bash", b"sh -e")))
