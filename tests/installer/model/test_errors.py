"""What becomes of exceptions that are not ours: an error for the user, with the exception as its cause."""

from __future__ import annotations

import errno

import pytest

from installer.model.errors import (
    Cancelled,
    CommandFailed,
    DeviceError,
    ExitCode,
    InstallerError,
    UsageError,
    as_installer_error,
    tells_of_failing_disk,
)


def test_exit_codes_are_those_of_the_manual() -> None:
    assert list(ExitCode) == [0, 1, 2, 3]
    assert (DeviceError("x").exit_code, UsageError("x").exit_code, Cancelled("x").exit_code) == (1, 2, 3)


@pytest.mark.parametrize(
    ("where", "hint", "text"),
    [("", "", "what"), ("a.xml", "", "a.xml: what"), ("", "do", "what\n  do"), ("a.xml", "do", "a.xml: what\n  do")],
)
def test_an_error_says_where_what_and_what_to_do(where: str, hint: str, text: str) -> None:
    assert str(InstallerError("what", where=where, hint=hint)) == text


def test_an_error_of_ours_stays() -> None:
    error = DeviceError("the disk is gone")
    assert as_installer_error(error) is error and error.__cause__ is None


def test_ctrl_c_is_the_end_that_the_user_wanted() -> None:
    problem = KeyboardInterrupt()
    error = as_installer_error(problem)
    assert type(error) is Cancelled and error.__cause__ is problem


@pytest.mark.parametrize(("number", "full"), [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EIO, False)])
def test_an_error_of_the_system_says_what_and_where(number: int, full: bool) -> None:
    error = as_installer_error(OSError(number, "words of the system", "/dev/sda"))
    assert (type(error), error.what, error.where) == (InstallerError, "words of the system", "/dev/sda")
    assert ("is full" in error.hint) is full


@pytest.mark.parametrize(
    ("problem", "fails"),
    [
        (OSError(errno.EIO, "words"), True),
        (OSError(errno.EROFS, "words"), True),
        (OSError(errno.ENOSPC, "words"), False),
        (CommandFailed(("mkfs.ext3",), 1, ("mkfs.ext3: Input/output error while writing out superblock",)), True),
        (CommandFailed(("tar",), 2, ("tar: file: Cannot open: Read-only file system", "tar: Exiting")), True),
        (CommandFailed(("tar",), 2, ("tar: file: Cannot open: Permission denied",)), False),
        (DeviceError("Input/output error"), False),
        (None, False),
    ],
)
def test_a_failing_disk_is_known_by_what_system_and_programs_say(problem: BaseException | None, fails: bool) -> None:
    assert tells_of_failing_disk(problem) is fails


def test_an_error_of_the_system_without_number_has_its_text() -> None:
    error = as_installer_error(OSError("timed out"))
    assert (error.what, error.where, error.hint) == ("timed out", "", "")


def test_anything_else_is_a_fault_to_be_reported() -> None:
    problem = ZeroDivisionError()
    error = as_installer_error(problem)
    assert "a fault in the installer" in error.what and "report" in error.hint and error.__cause__ is problem


def test_a_command_that_failed_is_named_with_its_exit_status() -> None:
    error = CommandFailed(("mkfs.ext3", "-q", "/dev/sda1"), 7, ())
    assert error.what == "mkfs.ext3 ended with exit status 7"
