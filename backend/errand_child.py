"""The errand's child process: reads one request, does it, and answers in frames; started by `backend.errand`."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable

from backend.frames import Check, Errand, Failure, Find, Finished, Moved, Verify, read_frame, write_frame
from backend.repository import check_packages, find_repositories
from backend.sources.proxies import set_proxy_variables
from backend.sources.trust import trust
from backend.verification import verify_packages
from installer.model.errors import InstallerError
from installer.model.ports import PackageProgress

TELL_S = 0.1  # more often nobody can read it


def main() -> None:
    """Do what the request on standard input says; what it prints by accident cannot disturb the frames."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    errand = read_frame(sys.stdin.buffer)
    try:
        write_frame(answers, Finished(_do(errand, lambda progress: write_frame(answers, Moved(progress)))))
    except InstallerError as error:
        write_frame(answers, Failure(type(error).__name__, error.what, error.where, error.hint))
    except BrokenPipeError:  # nobody wants it any more
        os._exit(1)
    except Exception:
        traceback.print_exc()
        sys.exit(1)


def _do(errand: object, tell: Callable[[PackageProgress], None]) -> object:
    if isinstance(errand, Errand):
        trust(errand.trusted)
        set_proxy_variables(errand.proxies)
        return _answer(errand.request, tell)
    raise InstallerError("a fault in the installer itself: not an errand")


def _answer(request: object, tell: Callable[[PackageProgress], None]) -> object:
    if isinstance(request, Find):
        return find_repositories(request.location, request.media)
    if isinstance(request, Check):
        check_packages(request.repositories)
        return ()
    if isinstance(request, Verify):
        return verify_packages(request.repositories, _seldom(tell))
    raise InstallerError("a fault in the installer itself: an unknown errand")


def _seldom(tell: Callable[[PackageProgress], None]) -> Callable[[PackageProgress], None]:
    """Pass on the beginning and the end of each package, and between them not every chunk."""
    last_s = 0.0

    def hear(progress: PackageProgress) -> None:
        nonlocal last_s
        now_s = time.monotonic()
        if now_s - last_s >= TELL_S or progress.done_bytes in (0, progress.total_bytes):
            last_s = now_s
            tell(progress)

    return hear


if __name__ == "__main__":
    main()
