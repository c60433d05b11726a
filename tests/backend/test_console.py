"""The terminal: a shell on a real pty, and who has locked a file."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from backend.console import parse_locks, terminal_of_holder
from tests.needs import needs

LOCKS = """\
1: POSIX  ADVISORY  READ 5433 08:01:7864448 128 128
2: FLOCK  ADVISORY  WRITE 2001 00:19:1234 0 EOF
2: -> FLOCK  ADVISORY  WRITE 2002 00:19:1234 0 EOF
3: FLOCK  ADVISORY  WRITE 1568 08:01:4321 0 EOF
"""


def test_holder_of_a_lock_is_found_by_inode() -> None:
    assert parse_locks(LOCKS, 4321) == 1568
    assert parse_locks(LOCKS, 1234) == 2001
    assert parse_locks(LOCKS, 7864448) is None
    assert parse_locks("", 1) is None


def test_this_process_holds_a_lock_on_its_own_terminal(tmp_path: Path) -> None:
    path = tmp_path / "mark"
    path.touch()
    with path.open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        expected = os.readlink("/proc/self/fd/0").removeprefix("/dev/")
        assert terminal_of_holder(str(path)) == expected
    assert terminal_of_holder(str(path)) == "another console"


def _read_until(terminal: int, words: bytes, timeout_s: float = 20) -> bytes:
    seen, end_s = b"", time.monotonic() + timeout_s
    while words not in seen and time.monotonic() < end_s:
        if select.select((terminal,), (), (), 0.1)[0]:
            try:
                seen += os.read(terminal, 4096)
            except OSError:
                break
    return seen


@contextmanager
def _on_terminal(script: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Run Python code on a terminal of its own."""
    primary, secondary = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=secondary, stdout=secondary, stderr=secondary, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, 0x540E, 0),  # TIOCSCTTY
    )  # fmt: skip
    os.close(secondary)
    try:
        yield primary, process
    finally:
        process.kill()
        process.wait()
        os.close(primary)


def test_shell_on_the_terminal_takes_ctrl_c_for_itself_and_gives_the_terminal_back() -> None:
    """The process that ran the shell goes on afterwards, although Ctrl-C was pressed in it."""
    script = "from backend.console import run_on_terminal as r; r(); print('back' + 'again', flush=True)"
    with _on_terminal(script) as (terminal, process):
        os.write(terminal, b"echo tty-$((40+2))\n")
        assert b"tty-42" in _read_until(terminal, b"tty-42")
        os.write(terminal, b"sleep 30\n")
        time.sleep(0.5)
        os.write(terminal, b"\x03")
        os.write(terminal, b"echo still-$((40+3)); exit\n")
        seen = _read_until(terminal, b"backagain")
        assert b"still-43" in seen and b"backagain" in seen
        assert process.wait(timeout=10) == 0


IN_THREAD = """
import threading
from pathlib import Path
from backend.console import run_on_terminal
from backend.real_system import RealSystem

mounted, over, ids = threading.Event(), threading.Event(), []

def install():
    system = RealSystem(lambda line: None, Path("{directory}/scratch"))
    system.keep_mounts_private()
    system.run(("mount", "-t", "tmpfs", "none", "{directory}"))
    Path("{directory}/target-is-here").touch()
    ids.append(threading.get_native_id())
    mounted.set()
    over.wait()

thread = threading.Thread(target=install)
thread.start()
mounted.wait()
print("outside", list(Path("{directory}").iterdir()), flush=True)
run_on_terminal(ids[0])
over.set()
thread.join()
"""


@pytest.mark.root
def test_shell_during_an_installation_sees_what_is_mounted_for_it_alone(tmp_path: Path) -> None:
    needs("nsenter", "mount")
    with _on_terminal(IN_THREAD.format(directory=tmp_path)) as (terminal, _):
        assert b"outside []" in _read_until(terminal, b"outside []")
        os.write(terminal, f"ls {tmp_path} | tr a-z A-Z; exit\n".encode())
        assert b"TARGET-IS-HERE" in _read_until(terminal, b"TARGET-IS-HERE")
    assert list(tmp_path.iterdir()) == []
