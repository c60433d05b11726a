"""The installation media in the boot image: found among discs and sticks, and mounted, by the image's own program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.process import run_program
from installer.model.errors import CommandFailed, SourceError

PROGRAM = "/usr/lib/installer/medium"  # initrd/init/medium
# The installer has mount points of its own; what it mounted or unmounted there would stay as it is for all others.
FOR_ALL = ("nsenter", "--mount=/proc/1/ns/mnt")
LOOK_S = 120.0  # a drive spins a disc up for half a minute, and reads a scratched one for longer


def find_media(program: str = PROGRAM) -> tuple[Path, ...]:
    """Return the directories that all media are mounted on, that with the base first; new ones are found too.

    Raises SourceError with what each drive holds.
    """
    return tuple(map(Path, _run(program, "no installation medium was found", "all")))


def eject_medium(program: str = PROGRAM) -> str:
    """Unmount all media and open their trays; returns which drives they were in. Raises SourceError."""
    return "; ".join(_run(program, "the medium cannot be taken out", "eject"))


@contextmanager
def driver_medium(program: str = PROGRAM) -> Iterator[Path]:
    """Give the directory that a disc or stick with drivers is mounted on, beside the installation medium.

    Raises SourceError with what each drive holds.
    """
    place = Path(_run(program, "no driver disk was found", "drivers")[-1])
    try:
        yield place
    finally:
        _run(program, "the driver disk cannot be let go of", "leave-drivers")


def _run(program: str, what: str, *arguments: str) -> tuple[str, ...]:
    try:
        return run_program((*FOR_ALL, program, *arguments), "", (0,), LOOK_S, what, lambda line: None)
    except CommandFailed as error:
        said = "".join(f"\n  {line}" for line in error.output)
        raise SourceError(f"{what}{said}", hint="put the disc or stick in and try again") from error
