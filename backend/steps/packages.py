"""The step that fetches, checks and unpacks one package in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from backend.packages import HANDLERS
from backend.session import Session
from installer.model.errors import SourceError
from installer.model.plan import Step
from installer.model.source import Location, Package, PackageType
from installer.model.units import human_size


@dataclass(frozen=True)
class InstallPackage(Step[Session]):
    """Install one package of a repository; size and MD5 are checked over the very bytes that are unpacked.

    When a source fails, the next one with the same repository is taken, from the first byte on.
    """

    needs: ClassVar[tuple[str, ...]] = ("bzip2", "chroot", "mkdir", "tar")
    repository: str
    location: Location
    package: Package
    fallbacks: tuple[Location, ...] = ()

    @property
    def weight(self) -> int:
        compressed = self.package.type is PackageType.TBZ2
        return self.package.size_bytes * (8 if compressed else 1)  # decompressing costs far more than writing

    @property
    def title(self) -> str:
        return f"install {self.package.name} ({human_size(self.package.size_bytes)})"

    def run(self, session: Session) -> None:
        def on_bytes(done: int) -> None:
            session.progress(self.package.name, done, self.package.size_bytes)

        def install(location: Location) -> None:
            with session.open_source(location).open(self.package.filename) as chunks:
                HANDLERS[self.package.type](session.system, chunks, self.package, on_bytes)

        *others, last = (self.location, *self.fallbacks)
        for location in others:
            try:
                return install(location)
            except SourceError as error:
                where = error.where or location.shown()
                session.warn(f"{self.package.name}: {where}: {error.what}; the next source is taken")
        return install(last)

    def describe(self) -> tuple[str, ...]:
        package = self.package
        return (f"{self.title}: {package.filename} of {self.repository} to {package.destination}, MD5 {package.md5}",)
