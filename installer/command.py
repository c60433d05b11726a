"""The command `installer`: answers --help and --version at once, and loads the rest of the program for all else."""

from __future__ import annotations

import os
import resource
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from installer.model.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from screens.opening import Opening


def run() -> None:
    """Run the command line of this process and end it with the exit code."""
    os.umask(0o022)
    _leave_no_core()
    try:
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # under nohup a hang-up stays ignored
                signal.signal(number, _end_as_by_ctrl_c)
        opening = None if sys.argv[1:] else _opening()
        with suppress(UsageError):  # main tells it
            from installer.options import parse_options

            parse_options(sys.argv[1:])
        try:
            from installer.main import main  # takes ten times as long as what stands above

            code = main(sys.argv[1:], opening)
        finally:
            if opening:
                opening.close()
    except KeyboardInterrupt:
        code = ExitCode.CANCELLED
    sys.exit(code)


def _opening() -> Opening | None:
    """Show at once that there will be screens, where the rest takes seconds to load."""
    from screens.opening import opening_on

    opening = opening_on(os.environ)
    if opening:
        opening.show()
    return opening


def _leave_no_core() -> None:
    """Have neither this process nor its programs leave their memory behind when they crash: passwords are in it.

    A limit of 1 byte also keeps it from a program that core dumps are piped to, which 0 does not (fs/coredump.c).
    """
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    if hard != 0:  # nobody but root may raise it again
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))


def _end_as_by_ctrl_c(*_: object) -> None:
    """Being told to end releases everything, as Ctrl-C does."""
    raise KeyboardInterrupt
