"""One package from several copies of its repository: where one fails, the next goes on (spec R31)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from backend.sources.transport import Patience, Transport
from installer.model.errors import SourceError
from installer.model.source import Location, Package

LAST_TRIES = 6  # in a row without a byte; they take half a minute, as long as a server needs to start again


class Relay:
    """Reads a package from the first copy that gives it, and from the next one on where that breaks off.

    What comes may be bytes of two copies; only the package's MD5 tells whether they were the same.
    """

    def __init__(
        self,
        open_source: Callable[[Location], Transport],
        copies: Sequence[Location],
        package: Package,
        tell: Callable[[str], None],
    ) -> None:
        self._open_source = open_source
        self._copies = copies
        self._package = package
        self._tell = tell
        self._givers: list[Location] = []

    def chunks(self) -> Generator[bytes]:
        """Yield the package's bytes; raises the SourceError of the last copy."""
        at, filename = 0, self._package.filename
        for number, location in enumerate(self._copies):
            last = number == len(self._copies) - 1
            patience = Patience(LAST_TRIES, known=True, tell=self._told) if last else Patience(tell=self._told)
            try:
                source = self._open_source(location)
                if at:
                    self._check_size(source)
                with source.open(filename, at, patience) as chunks:
                    for chunk in chunks:
                        if location not in self._givers:
                            self._givers.append(location)
                        at += len(chunk)
                        yield chunk
                return
            except SourceError as error:
                if last:
                    raise
                self._told(f"{error.where or location.shown()}: {error.what}; the next source is taken from byte {at}")

    def untried(self) -> Sequence[Location]:
        """Return the copies that may still be right when what came was wrong: the last giver's, if not it alone gave.

        Before it only copies stand that failed or gave something wrong.
        """
        if not self._givers:
            return ()
        number = self._copies.index(self._givers[-1])
        return self._copies[number if len(self._givers) > 1 else number + 1 :]

    def _check_size(self, source: Transport) -> None:
        stated = self._package.size_bytes
        size_bytes = source.size(self._package.filename, stated)
        if size_bytes != stated:
            what = f"has {size_bytes} bytes, XS-PACKAGES states {stated}"
            raise SourceError(what, where=source.shown_file(self._package.filename))

    def _told(self, message: str) -> None:
        self._tell(f"{self._package.name}: {message}")
