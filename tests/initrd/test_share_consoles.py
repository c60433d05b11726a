"""One program for several consoles, on real pseudo-terminals: who answers first has it, others take it over."""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import ROOT

PROGRAM = ROOT / "initrd" / "init" / "share-consoles"
LIMIT_S = 30.0
# tells its size when its window changes, and every line that it hears; ends at `end`
TALKER = """\
import os, signal, sys
def size():
    return f"{os.get_terminal_size().lines} {os.get_terminal_size().columns}"
signal.signal(signal.SIGWINCH, lambda *_: os.write(1, f"moved {size()}\\n".encode()))
print("begun", os.environ["TERM"], size(), flush=True)
for line in sys.stdin:
    print("heard", line.strip(), flush=True)
    if line == "end\\n":
        sys.exit(5)
"""

DEAF = """\
import time, tty
tty.setraw(0)
print("begun", flush=True)
time.sleep(60)
"""

LISTENER = """\
import signal, subprocess, sys
ask = "import signal; print('not ignored:', *(n for n in (2, 3) if signal.getsignal(n) is not signal.SIG_IGN))"
print(subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True).stdout, flush=True)
"""


@dataclass
class Console:
    """The far end of a console."""

    far: int
    path: str
    _seen: str = field(default="", init=False)

    def press(self, text: str) -> None:
        os.write(self.far, text.encode())

    def wait_for(self, pattern: str) -> str:
        """Return what came until the pattern; what follows it is kept for the next call."""
        deadline = time.monotonic() + LIMIT_S
        while not (match := re.search(pattern, self._seen)):
            left = deadline - time.monotonic()
            assert left > 0, f"{pattern!r} not seen; there is {self._seen!r}"
            if select.select([self.far], [], [], left)[0]:
                self._seen += os.read(self.far, 4096).decode()
        before, self._seen = self._seen[: match.end()], self._seen[match.end() :]
        return before


@contextmanager
def consoles(*sizes: tuple[int, int]) -> Iterator[list[Console]]:
    """Give consoles of these sizes."""
    with ExitStack() as stack:
        found = []
        for size in sizes:
            far, near = os.openpty()
            stack.callback(os.close, far)
            stack.callback(os.close, near)
            fcntl.ioctl(near, termios.TIOCSWINSZ, struct.pack("4H", *size, 0, 0))
            found.append(Console(far, os.ttyname(near)))
        yield found


@contextmanager
def shared(
    directory: Path, places: list[Console], *options: str, program: str = TALKER
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program, the talker, for consoles."""
    state = directory / "state"
    argv = [sys.executable, str(PROGRAM), "--state", str(state), *options, *(place.path for place in places)]
    with subprocess.Popen([*argv, "--", sys.executable, "-c", program]) as process:
        try:
            yield process
        finally:
            process.kill()


def test_the_first_console_that_answers_has_the_program(tmp_path: Path) -> None:
    with consoles((24, 80), (30, 100)) as (first, second), shared(tmp_path, [first, second]) as process:
        first.wait_for("Press Enter to install from here")
        second.wait_for("Press Enter to install from here")
        second.press("\r")
        second.wait_for("begun vt102 30 100")
        first.wait_for(f"The installer is used on {second.path.removeprefix('/dev/')}. Press Enter to go on from here")
        second.press("end\r")
        assert process.wait(LIMIT_S) == 5
        first.wait_for("was left")


def test_another_console_takes_the_running_program_over_and_gets_it_in_its_own_size(tmp_path: Path) -> None:
    with (
        consoles((24, 80), (30, 100)) as (first, second),
        shared(tmp_path, [first, second], "--owner", first.path) as process,
    ):
        first.wait_for("begun vt102 24 80")
        second.wait_for("Press Enter to go on from here")
        second.press("\r")
        second.wait_for("moved 30 100")
        first.wait_for("The installer is used on")
        assert (tmp_path / "state").read_text(encoding="ascii") == f"{second.path.removeprefix('/dev/')} vt102\n"
        first.press("\r")
        first.wait_for("moved 24 80")
        first.press("end\r")
        first.wait_for("heard end")
        assert process.wait(LIMIT_S) == 5


def test_what_is_typed_on_a_console_that_has_not_the_program_is_not_heard(tmp_path: Path) -> None:
    with (
        consoles((24, 80), (24, 80)) as (first, second),
        shared(tmp_path, [first, second], "--owner", first.path) as process,
    ):
        first.wait_for("begun")
        second.press("end")
        first.press("here\r")
        assert "end" not in first.wait_for("heard here")
        first.press("end\r")
        assert process.wait(LIMIT_S) == 5


def test_the_others_see_the_newest_line_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("first\n12:00 unpacking dom0fs\n", encoding="ascii")
    with (
        consoles((24, 80), (24, 80)) as (first, second),
        shared(tmp_path, [first, second], "--owner", first.path, "--log", str(log)),
    ):
        assert "first" not in second.wait_for("12:00 unpacking dom0fs")
        with log.open("a", encoding="ascii") as stream:
            stream.write("12:01 \x1b[31mdone\n")
        second.wait_for(r"12:01 \?\[31mdone")


@contextmanager
def joined(door: Path, place: Console, owner: Console | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Lend a terminal to the consoles that share, as the command in a shell there does.

    With an owner the program runs there first: before that, it would not notice its new size.
    """
    if owner:
        owner.wait_for("begun")
    deadline = time.monotonic() + LIMIT_S
    while not door.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    environment = {**os.environ, "TERM": "xterm"}
    with open(place.path, "rb", buffering=0) as near:
        process = subprocess.Popen([sys.executable, str(PROGRAM), "--join", str(door)], stdin=near, env=environment)
    with process:
        try:
            yield process
        finally:
            process.kill()


def test_notice_is_read_before_the_program_hides_it_also_on_a_lone_console(tmp_path: Path) -> None:
    notice = tmp_path / "notice"
    notice.write_text("ssh root@10.0.0.7\n", encoding="ascii")
    with consoles((24, 80)) as (only,), shared(tmp_path, [only], "--notice", str(notice)):
        assert "begun" not in only.wait_for(r"Press Enter to install from here(.|\s)*ssh root@10\.0\.0\.7")
        only.press("\r")
        only.wait_for("begun vt102 24 80")


def test_a_terminal_that_joins_has_the_program_and_leaves_it_to_the_first_console(tmp_path: Path) -> None:
    door, notice = tmp_path / "door", tmp_path / "notice"
    notice.write_text("ssh root@10.0.0.7\n", encoding="ascii")
    options = ("--door", str(door), "--notice", str(notice))
    with (
        consoles((24, 80), (30, 100)) as (first, far),
        shared(tmp_path, [first], *options),
        joined(door, far) as client,
    ):
        far.wait_for("begun xterm 30 100")
        first.wait_for(r"The installer is used on pts/\d+\.(.|\s)*ssh root@10\.0\.0\.7")
        assert (tmp_path / "state").read_text(encoding="ascii") == f"{far.path.removeprefix('/dev/')} xterm\n"
        far.press("\x1d")
        assert client.wait(LIMIT_S) == 0
        first.wait_for("moved 24 80")
        first.press("here\r")
        first.wait_for("heard here")


def test_a_terminal_that_has_joined_may_change_its_size(tmp_path: Path) -> None:
    door = tmp_path / "door"
    with (
        consoles((24, 80), (30, 100)) as (first, far),
        shared(tmp_path, [first], "--owner", first.path, "--door", str(door)),
        joined(door, far, first),
    ):
        far.wait_for("moved 30 100")
        fcntl.ioctl(far.far, termios.TIOCSWINSZ, struct.pack("4H", 40, 120, 0, 0))
        far.wait_for("moved 40 120")


def test_a_connection_that_is_cut_leaves_the_program_to_the_first_console(tmp_path: Path) -> None:
    door = tmp_path / "door"
    with (
        consoles((24, 80), (30, 100)) as (first, far),
        shared(tmp_path, [first], "--owner", first.path, "--door", str(door)),
        joined(door, far, first) as client,
    ):
        far.wait_for("moved 30 100")
        first.wait_for("The installer is used on")
        client.kill()
        first.wait_for("moved 24 80")


def test_the_end_is_told_where_somebody_has_joined(tmp_path: Path) -> None:
    door = tmp_path / "door"
    with (
        consoles((24, 80), (30, 100)) as (first, far),
        shared(tmp_path, [first], "--owner", first.path, "--door", str(door)) as process,
        joined(door, far, first) as client,
    ):
        far.wait_for("moved 30 100")
        first.press("\r")
        far.wait_for("Press Enter to go on from here")
        first.press("end\r")
        far.wait_for("was left")
        assert process.wait(LIMIT_S) == 5
        assert client.wait(LIMIT_S) == 0
        assert not door.exists()


def test_a_lone_console_is_not_waited_for(tmp_path: Path) -> None:
    with consoles((0, 0)) as (only,), shared(tmp_path, [only]):
        only.wait_for("begun vt102 24 80")


def test_consoles_are_given_back_as_they_were(tmp_path: Path) -> None:
    with consoles((24, 80), (24, 80)) as (first, second):
        before = [termios.tcgetattr(place.far) for place in (first, second)]
        with shared(tmp_path, [first, second], "--owner", first.path) as process:
            first.wait_for("begun")
            assert [termios.tcgetattr(place.far) for place in (first, second)] != before
            first.press("end\r")
            process.wait(LIMIT_S)
        assert [termios.tcgetattr(place.far) for place in (first, second)] == before


def test_after_the_end_on_a_terminal_that_had_joined_the_machine_has_a_console_of_its_own(tmp_path: Path) -> None:
    """What follows is a shell: on the login of somebody else it would take half of what is typed there."""
    door = tmp_path / "door"
    with (
        consoles((24, 80), (30, 100)) as (first, far),
        shared(tmp_path, [first], "--owner", first.path, "--door", str(door)) as process,
        joined(door, far, first),
    ):
        far.wait_for("moved 30 100")
        far.press("end\r")
        assert process.wait(LIMIT_S) == 5
        assert (tmp_path / "state").read_text(encoding="ascii") == f"{first.path.removeprefix('/dev/')} vt102\n"


def test_a_device_that_is_no_terminal_is_left_out(tmp_path: Path) -> None:
    with consoles((24, 80)) as (only,), shared(tmp_path, [only, Console(-1, "/dev/null")]):
        only.wait_for("begun vt102 24 80")


def test_typing_for_a_program_that_does_not_read_stops_no_console(tmp_path: Path) -> None:
    with consoles((24, 80), (30, 100)) as (first, second), shared(tmp_path, [first, second], program=DEAF):
        first.wait_for("Press Enter")
        first.press("\r")
        first.wait_for("begun")
        for _ in range(40):
            first.press("x" * 1000)
        second.press("\r")
        first.wait_for("The installer is used on")


def test_the_installer_that_was_loaded_before_opens_at_once_and_its_end_is_the_end(tmp_path: Path) -> None:
    words = ["--state", str(tmp_path / "state"), "--devices", str(tmp_path / "devices"), "--owner"]
    later = [sys.executable, str(PROGRAM), "--later"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with consoles((24, 80)) as (only,), subprocess.Popen(later, stdin=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdin
            process.stdin.write("\0".join([*words, only.path, only.path, "--", "installer", "", ""]).encode())
            process.stdin.flush()
            only.wait_for("loading and looks at the hardware")
            only.wait_for("outside the installation image the screens need a --target")
            assert process.wait(LIMIT_S) == 2
        finally:
            process.kill()


def test_programs_hear_ctrl_c_though_a_shell_began_them_in_its_background(tmp_path: Path) -> None:
    ignoring = (signal.SIGINT, signal.SIGQUIT)
    before = [signal.signal(number, signal.SIG_IGN) for number in ignoring]
    try:
        with (
            consoles((24, 80)) as (only,),
            shared(tmp_path, [only], "--owner", only.path, program=LISTENER) as process,
        ):
            only.wait_for("not ignored: 2 3")
            assert process.wait(LIMIT_S) == 0
    finally:
        for number, handler in zip(ignoring, before, strict=True):
            signal.signal(number, handler)


def test_nothing_is_shown_when_nobody_wants_what_was_loaded() -> None:
    later = [sys.executable, str(PROGRAM), "--later"]
    ended = subprocess.run(later, input=b"", env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=LIMIT_S, check=False)
    assert ended.returncode == 1
