"""The log of an installation: a file that grows line by line and is copied to the installed host."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from installer.model.errors import UsageError

IMAGE_LOGS = ("init.log", "output")  # initrd/init/init writes them: what it did, and what was said on the console
OtherLogs = tuple[tuple[str, str], ...]


class LogFile:
    """Appends to `install.log` in a directory that is made when needed; readable by its owner alone.

    Without a directory nothing is kept. `mask` takes known secrets out of every line; nothing hands it any on
    purpose: commands are logged without their input, and a Secret shows as `***`. A log that can no longer be written
    (a full disk) never stops the run.
    """

    def __init__(self, directory: Path | None, mask: Callable[[str], str]) -> None:
        self.path = directory / "install.log" if directory else Path(os.devnull)
        self._mask = mask
        try:
            if directory:
                directory.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            self._descriptor = os.open(self.path, flags, 0o600)
        except OSError as error:
            hint = "name another directory with --log-dir"
            raise UsageError(f"the log cannot be written: {error.strerror}", where=str(self.path), hint=hint) from error
        self._start = os.lseek(self._descriptor, 0, os.SEEK_END)
        self._broken = False

    def write(self, line: str) -> None:
        """Append a line that already carries its time and newline."""
        if self._broken:
            return
        try:
            os.write(self._descriptor, self._mask(line).encode(errors="replace"))
        except OSError:
            self._broken = True

    def this_run(self) -> bytes:
        """Return what this run has written so far; earlier runs keep their lines in the same file."""
        end = os.lseek(self._descriptor, 0, os.SEEK_END)
        return os.pread(self._descriptor, max(0, end - self._start), self._start)

    def keep(self, name: str, data: bytes) -> str:
        """Put a file beside the log, for its owner alone; returns its path, or nothing without room or log."""
        if str(self.path) == os.devnull:
            return ""
        path = self.path.parent / name
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(path, flags, 0o600), "wb") as stream:
                stream.write(data)
        except OSError:
            return ""
        return str(path)

    def of_image(self) -> OtherLogs:
        """Return what init of the installation image has written beside this log so far, by name."""
        found = []
        for name in IMAGE_LOGS:
            try:
                text = (self.path.parent / name).read_bytes().decode(errors="replace")
            except OSError:
                continue
            found.append((name, self._mask(text)))
        return tuple(found)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)
