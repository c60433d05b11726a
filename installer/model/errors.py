"""The errors a user may meet: each says what, where, why and what to do, and has an exit code."""

from __future__ import annotations

import errno
from enum import IntEnum

FAILING_NUMBERS = (errno.EIO, errno.EROFS)
FAILING_WORDS = ("Input/output error", "Read-only file system")  # as strerror(3) has them in the locale C.UTF-8


class ExitCode(IntEnum):
    """What the process returns: documented in `installer --help`."""

    DONE = 0
    FAILED = 1
    BAD_ANSWERS = 2
    CANCELLED = 3


class InstallerError(Exception):
    """Base of all errors meant for a user: `what` went wrong, `where`, and a `hint` of what to do."""

    exit_code = ExitCode.FAILED

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n  {self.hint}" if self.hint else text


class InvalidAnswer(InstallerError):
    """A text does not fit the rule of the answer it was given for."""

    exit_code = ExitCode.BAD_ANSWERS


class AnswersError(InstallerError):
    """The answers as a whole cannot be carried out; `problems` are listed one per line."""

    exit_code = ExitCode.BAD_ANSWERS

    def __init__(self, problems: tuple[str, ...], *, hint: str = "") -> None:
        super().__init__("\n".join(problems), hint=hint)
        self.problems = problems


class UsageError(InstallerError):
    """The command line asks for something that does not exist or does not go together."""

    exit_code = ExitCode.BAD_ANSWERS


class DiskRefused(InstallerError):
    """A chosen disk may not be written: in use, too small, changed or not there."""

    exit_code = ExitCode.BAD_ANSWERS


class SourceError(InstallerError):
    """An answerfile, script or installation repository cannot be read."""


class RepositoryError(SourceError):
    """The metadata of a repository is wrong; `where` is file, line and field."""


class PackageError(SourceError):
    """A package differs from what XS-PACKAGES says of it, or cannot be unpacked."""


class MissingTool(InstallerError):
    """A program that the plan needs is not on this machine."""


class CommandFailed(InstallerError):
    """A program that the installer ran failed: its words and the last lines of its output are kept."""

    def __init__(self, argv: tuple[str, ...], exit_status: int, output: tuple[str, ...], *, why: str = "") -> None:
        super().__init__(why or f"{argv[0]} ended with exit status {exit_status}")
        self.argv = argv
        self.exit_status = exit_status
        self.output = output


class DeviceError(InstallerError):
    """A disk, partition or file system does not behave as it must."""


class Cancelled(InstallerError):
    """The user broke the run off."""

    exit_code = ExitCode.CANCELLED


def tells_of_failing_disk(problem: BaseException | None) -> bool:
    """Say whether an error of the system, or what a program said last, is one of a disk that fails.

    A file system whose disk takes no more is read-only from then on (ext4(5), errors=).
    """
    if isinstance(problem, CommandFailed):
        return any(words in line for line in problem.output for words in FAILING_WORDS)
    return isinstance(problem, OSError) and problem.errno in FAILING_NUMBERS


def as_installer_error(problem: BaseException) -> InstallerError:
    """Return any exception as an error for the user, with the exception as its cause."""
    if isinstance(problem, InstallerError):
        return problem
    if isinstance(problem, KeyboardInterrupt):
        error: InstallerError = Cancelled("broken off by the user")
    elif isinstance(problem, OSError):
        full = problem.errno in (errno.ENOSPC, errno.EDQUOT)
        hint = "the disk, or the file system that holds its image file, is full" if full else ""
        error = InstallerError(problem.strerror or str(problem), where=str(problem.filename or ""), hint=hint)
    else:
        error = InstallerError("a fault in the installer itself", hint="please report it with the log")
    error.__cause__ = problem
    return error
