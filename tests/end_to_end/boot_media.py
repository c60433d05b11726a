"""The boot media as `make` builds them, and the server that goes with them, for tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import ROOT
from tests.needs import PATH

MEDIA = ROOT / "initrd" / "media"
ADDRESS = re.compile(r"serving .* on http://[^:]+:([0-9]+)/")


def make_medium(program: str, *arguments: object, **settings: str) -> None:
    """Run a program of initrd/media as make does."""
    argv = [str(MEDIA / program), *(str(argument) for argument in arguments)]
    result = subprocess.run(argv, env={"PATH": PATH, **settings}, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@contextmanager
def boot_server(directory: Path, hosts: Path) -> Iterator[int]:
    """Run the server for answerfiles, packages and notices on loopback; gives its port."""
    argv = [sys.executable, str(MEDIA / "boot_server.py"), "--directory", str(directory), "--hosts", str(hosts)]
    argv += ["--address", "127.0.0.1", "--port", "0"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True
    ) as server:
        try:
            line = server.stdout.readline() if server.stdout else ""
            match = ADDRESS.match(line)
            assert match, f"the server does not say where it is: {line!r}"
            yield int(match[1])
        finally:
            server.terminate()
