"""One reader under atheris (libFuzzer for Python): `python -m tests.fuzz.with_atheris READER [libFuzzer options]`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, cast


class Engine(Protocol):
    """What is used of atheris, for which no types are published."""

    def instrument_imports(self, include: list[str]) -> AbstractContextManager[None]:
        """Count the branches of what is imported meanwhile."""

    def Setup(self, argv: list[str], test: Callable[[bytes], None]) -> None:  # noqa: N802 - its own name
        """Take the options."""

    def Fuzz(self) -> None:  # noqa: N802 - its own name
        """Run; ends the process."""


def main() -> None:
    """Fuzz the reader that is named first."""
    engine = cast(Engine, importlib.import_module("atheris"))
    with engine.instrument_imports(["installer", "backend", "screens"]):
        from tests.fuzz.readers import READERS
    name = sys.argv.pop(1)
    engine.Setup(sys.argv, next(reader for reader in READERS if reader.name == name).read)
    engine.Fuzz()


if __name__ == "__main__":
    main()
