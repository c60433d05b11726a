"""What the image's init shows on all consoles, on real pseudo-terminals: none of them holds up the others."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import ROOT
from tests.initrd.test_share_consoles import LIMIT_S, Console, consoles
from tests.needs import needs

INIT = ROOT / "initrd" / "init"
QUIET_S = 0.5
PATIENCE = "patience_s=2 drain_s=5"


def show(places: list[Console], *commands: str) -> subprocess.Popen[bytes]:
    """Run shell commands with what init has, for these consoles; `reach` waits for one line on standard input."""
    needs("bash", "stty", "timeout")
    names = " ".join(place.path.removeprefix("/dev/") for place in places)
    script = f'. "{INIT}/consoles"; {PATIENCE}; consoles=({names}); reach() {{ read -r; }}\n' + "\n".join(commands)
    return subprocess.Popen(["bash", "-c", script], stdin=subprocess.PIPE)


@contextmanager
def held(place: Console) -> Iterator[None]:
    """Have a console take nothing, as the screen does after Scroll Lock."""
    with open(place.path, "rb", buffering=0) as near:
        termios.tcflow(near, termios.TCOOFF)
        yield
        termios.tcflow(near, termios.TCOON)


def test_a_console_that_is_held_stops_no_other_and_shows_later_what_it_had_begun() -> None:
    """What came meanwhile is not for it; from then on it shows all again."""
    with consoles((24, 80), (24, 80)) as (first, second):
        with (
            held(first),
            show([first, second], *(f'show "line {n}"' for n in range(300)), "reach", "show after") as init,
        ):
            began = time.monotonic()
            second.wait_for("line 299\r\n")
            assert time.monotonic() - began < LIMIT_S / 2
            assert init.poll() is None
            with open(first.path, "rb", buffering=0) as near:
                termios.tcflow(near, termios.TCOON)
            first.wait_for("line 0\r\n")
            time.sleep(QUIET_S)
            init.communicate(b"\n", LIMIT_S)
            said = first.wait_for("after\r\n")
            assert "line 2\r\n" not in said and init.returncode == 0
        second.wait_for("after\r\n")


def test_a_console_that_is_held_is_not_drained() -> None:
    with consoles((24, 80)) as (only,), held(only):
        began = time.monotonic()
        with show([only], "show text", "drain") as init:
            init.communicate(b"", LIMIT_S)
        assert init.returncode == 0 and time.monotonic() - began < LIMIT_S / 2


def test_a_console_that_is_not_there_is_no_trouble() -> None:
    with (
        consoles((24, 80)) as (only,),
        show([Console(-1, "/dev/no-such"), only], "show text", "drain", "show end") as init,
    ):
        only.wait_for("text\r\nend\r\n")
        assert init.wait(LIMIT_S) == 0


def test_session_ends_only_after_all_was_shown_and_its_program_has_the_terminal(tmp_path: Path) -> None:
    """The lines take their time, as over a slow line; Ctrl-C is the program's, and does not end the session."""
    needs("bash", "setsid")
    os.mkfifo(tmp_path / "shown")
    program = "trap 'echo broken off; exit 3' INT; tty; echo ready; while :; do sleep 0.1; done"
    argv = ["setsid", "--ctty", "--wait", str(INIT / "in-session"), str(tmp_path), "bash", "-c", program]
    with consoles((24, 80)) as (place,), open(place.path, "r+b", buffering=0) as near:
        # another process opens it: it must be nobody's terminal yet
        session = subprocess.Popen(argv, stdin=near, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert session.stdout
        assert session.stdout.readline().decode() == f"{place.path}\n"
        assert session.stdout.readline() == b"ready\n"
        place.press("\x03")
        assert session.stdout.read().endswith(b"broken off\n")  # to the end of all that comes
        time.sleep(QUIET_S)
        assert session.poll() is None
        assert tmp_path.joinpath("status").read_text(encoding="ascii") == "3\n"
        tmp_path.joinpath("shown").write_text("\n", encoding="ascii")
        assert session.wait(LIMIT_S) == 0
        session.stdout.close()


def test_hang_up_of_the_terminal_reaches_the_program_and_its_status_is_kept(tmp_path: Path) -> None:
    needs("bash", "setsid")
    os.mkfifo(tmp_path / "shown")
    argv = [
        str(INIT / "in-session"),
        str(tmp_path),
        "bash",
        "-c",
        "trap 'exit 3' HUP; echo ready; while :; do sleep 0.1; done",
    ]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True) as session:
        assert session.stdout and session.stdout.readline() == b"ready\n"
        os.killpg(session.pid, signal.SIGHUP)
        assert session.stdout.read() == b""
        tmp_path.joinpath("shown").write_text("\n", encoding="ascii")
        assert session.wait(LIMIT_S) == 0
    assert tmp_path.joinpath("status").read_text(encoding="ascii") == "3\n"


RUN = """\
programs={init} state={directory} logs={directory} output={output}
answerfile='http://user:marked-secret@server/a b.xml'
. "$programs/consoles"
log() {{ echo "log: $*" >>"$logs/log"; }}
{run_installer}
consoles=({names})
PATH={directory}:$PATH
run_installer
show "shown after $status"
"""
INSTALLER = """\
#!/bin/bash
echo "on $(tty)"
echo "words: $(tr '\\0' ' ' </proc/$$/cmdline | sed 's,^.*/installer ,,')"
stat -c 'mode %a' "${1#@}"
printf 'the last line has no end'
exit 4
"""


def test_init_runs_the_installer_for_all_consoles_and_shows_its_words_to_nobody(tmp_path: Path) -> None:
    """As the kernel starts it when there is no console: without standard input and output of its own."""
    needs("bash", "setsid", "stty", "timeout")
    stub = tmp_path / "installer"
    stub.write_text(INSTALLER, encoding="ascii")
    stub.chmod(0o755)
    found = re.search(
        r"^run_installer\(\) \{\n.*?^\}\n", INIT.joinpath("init").read_text(encoding="utf-8"), re.M | re.S
    )
    assert found
    with consoles((24, 80), (24, 80)) as places:
        names = [place.path.removeprefix("/dev/") for place in places]
        values = {"init": INIT, "directory": tmp_path, "output": names[1], "names": " ".join(names)}
        script = "exec 0<>/dev/null 1>&0 2>&0\n" + RUN.format(run_installer=found[0], **values)
        argv = ["bash", "-c", 'exec bash "$0" <&- >&- 2>&-', str(tmp_path / "script")]
        tmp_path.joinpath("script").write_text(script, encoding="ascii")
        subprocess.run(argv, check=True, timeout=LIMIT_S, start_new_session=True)
        for place in places:
            said = place.wait_for("shown after 4\r\n")
            assert f"on /dev/{names[1]}" in said and f"words: @{tmp_path}/arguments install" in said
            assert "mode 400" in said and "the last line has no end\r\n" in said
    assert "the last line has no end\n" in tmp_path.joinpath("output").read_text(encoding="ascii")
    arguments = tmp_path.joinpath("arguments").read_text(encoding="ascii")
    assert arguments == "--answerfile=http://user:marked-secret@server/a b.xml\n"
