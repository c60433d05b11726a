"""Errands: reading sources in a process of their own, which can be ended at any moment.

A thread cannot be stopped while it looks up a name or waits for a server that says nothing; a process can. So a
cancel or a time limit ends it at once, whatever it is at, and nothing of it is left.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from backend.frames import Check, Errand, Failure, Find, Finished, Frames, Moved, Verify, to_frame
from backend.installation import Readers
from backend.process import Child
from backend.sources.proxies import proxy_variables
from backend.sources.transport import AbsentError, BrokenError, LostError, SlowError, UnreachableError
from backend.sources.trust import trusted
from installer.model.errors import (
    Cancelled,
    InstallerError,
    InvalidAnswer,
    PackageError,
    RepositoryError,
    SourceError,
    UsageError,
)
from installer.model.ports import TRIAL_TIMEOUT_S, Cancel, FaultyPackage, PackageProgress
from installer.model.source import Location, Media, Repository

CHILD = (sys.executable, "-I", "-m", "backend.errand_child")
LOOK_S = 0.05  # how often a cancel is looked for
ERRORS: dict[str, type[InstallerError]] = {
    kind.__name__: kind
    for kind in (
        AbsentError,
        BrokenError,
        InvalidAnswer,
        LostError,
        PackageError,
        RepositoryError,
        SlowError,
        SourceError,
        UnreachableError,
        UsageError,
    )
}


def readers(cancel: Cancel) -> Readers:
    """Return how a plan's sources are read by errands."""
    return Readers(
        find=lambda location, media: find(location, media, cancel, TRIAL_TIMEOUT_S),
        check=lambda repositories: check(repositories, cancel),
    )


def find(location: Location, media: Media, cancel: Cancel, timeout_s: float) -> tuple[Repository, ...]:
    """Return the repositories at an address as `backend.repository.find_repositories` does.

    Raises its errors, Cancelled, and UnreachableError when the time is over.
    """
    late = UnreachableError(
        f"the source did not answer within {timeout_s:.0f} s",
        where=location.shown(),
        hint="is the server up and the address right? a name that takes long may mean a wrong nameserver",
    )
    result = _run(Find(location, media), cancel, lambda progress: None, (timeout_s, late))
    return tuple(item for item in result if isinstance(item, Repository))


def check(repositories: Sequence[Repository], cancel: Cancel) -> None:
    """Look at every package's size as `backend.repository.check_packages` does; raises Cancelled too."""
    _run(Check(tuple(repositories)), cancel, lambda progress: None, None)


def verify(
    repositories: Sequence[Repository], on_progress: Callable[[PackageProgress], None], cancel: Cancel
) -> tuple[FaultyPackage, ...]:
    """Return the faulty packages as `backend.verification.verify_packages` does; raises Cancelled too."""
    result = _run(Verify(tuple(repositories)), cancel, on_progress, None)
    return tuple(item for item in result if isinstance(item, FaultyPackage))


def _run(
    request: object,
    cancel: Cancel,
    on_progress: Callable[[PackageProgress], None],
    limit: tuple[float, UnreachableError] | None,
) -> tuple[object, ...]:
    end_s = time.monotonic() + limit[0] if limit else None
    frames = Frames()
    with Child(CHILD, to_frame(Errand(request, trusted(), proxy_variables()))) as child:
        while True:
            if cancel.is_set():
                raise Cancelled("broken off by the user")
            if limit and end_s is not None and time.monotonic() >= end_s:
                raise limit[1]
            data = child.read(LOOK_S)
            if data == b"":
                raise InstallerError(
                    "the process that reads the source ended unexpectedly",
                    where=child.last_fault(),
                    hint="please report it with the log",
                )
            for answer in frames.add(data or b""):
                if isinstance(answer, Moved):
                    on_progress(answer.progress)
                elif isinstance(answer, Failure):
                    raise _error(answer)
                elif isinstance(answer, Finished):
                    return answer.result if isinstance(answer.result, tuple) else ()


def _error(failure: Failure) -> InstallerError:
    kind = ERRORS.get(failure.kind, InstallerError)
    return kind(failure.what, where=failure.where, hint=failure.hint)
