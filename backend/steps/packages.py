"""The steps that install one package: fetched, checked and unpacked in one pass, or checked before it is unpacked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from typing import ClassVar

from backend.packages import HANDLERS
from backend.session import Session
from backend.sources.checked import checked
from backend.sources.relay import Relay
from installer.model.errors import PackageError
from installer.model.plan import Step
from installer.model.source import Location, Package, PackageType, Repository
from installer.model.units import human_size

# what a byte costs beside writing one: bzip2 takes far more than writing all that comes out, zstd less
WEIGHTS = {PackageType.TBZ2: 8, PackageType.TZST: 4}


@dataclass(frozen=True)
class InstallPackage(Step[Session]):
    """Install one package of a repository; size and sums are checked over the very bytes that are unpacked.

    When a source fails, the next one with the same repository goes on; when it gave a wrong package, that is taken
    whole from the next one.
    """

    needs: ClassVar[tuple[str, ...]] = ("bzip2", "chroot", "mkdir", "tar")
    repository: str
    location: Location
    package: Package
    fallbacks: tuple[Location, ...] = ()

    @property
    def weight(self) -> int:
        return self.package.size_bytes * WEIGHTS.get(self.package.type, 1)

    @property
    def title(self) -> str:
        return f"install {self.package.name} ({human_size(self.package.size_bytes)})"

    def run(self, session: Session) -> None:
        def on_bytes(done: int) -> None:
            session.progress(self.package.name, done, self.package.size_bytes)

        copies: Sequence[Location] = (self.location, *self.fallbacks)
        while True:
            relay = Relay(session.open_source, copies, self.package, session.warn)
            try:
                with closing(relay.chunks()) as chunks:
                    return self._install(session, chunks, on_bytes)
            except PackageError as error:
                copies = relay.untried()
                if not copies:
                    raise
                session.warn(f"{error.what}; it is taken whole from {copies[0].shown()}")

    def _install(self, session: Session, chunks: Iterable[bytes], on_bytes: Callable[[int], None]) -> None:
        HANDLERS[self.package.type](session.system, chunks, self.package, on_bytes)

    def describe(self) -> tuple[str, ...]:
        package = self.package
        sums = f"MD5 {package.md5}" + (f", SHA-256 {package.sha256}" if package.sha256 else "")
        return (f"{self.title}: {package.filename} of {self.repository} to {package.destination}, {sums}",)


@dataclass(frozen=True)
class InstallZstdPackage(InstallPackage):
    """Install a package of type tzst: only a plan with one asks for zstd."""

    needs: ClassVar[tuple[str, ...]] = ("chroot", "mkdir", "tar", "zstd")


@dataclass(frozen=True)
class AddPackage(InstallPackage):
    """Install one package on a host that is complete: fetched to the target and checked, and only then unpacked.

    So one that is damaged leaves nothing behind, and neither does one that is broken off before all of it has come.
    """

    @property
    def title(self) -> str:
        return f"add {self.package.name} ({human_size(self.package.size_bytes)})"

    def _install(self, session: Session, chunks: Iterable[bytes], on_bytes: Callable[[int], None]) -> None:
        size_bytes = self.package.size_bytes

        def on_either(done: int) -> None:  # each byte passes twice
            session.progress(self.package.name, done, 2 * size_bytes)

        with session.system.spooled(checked(chunks, self.package, on_either)) as again:
            super()._install(session, again, lambda done: on_either(size_bytes + done))


@dataclass(frozen=True)
class AddZstdPackage(AddPackage):
    """The same for type tzst."""

    needs: ClassVar[tuple[str, ...]] = InstallZstdPackage.needs


def added(step: InstallPackage) -> AddPackage:
    """Return the step that adds to a complete host what another one would install on a new one."""
    kind = AddZstdPackage if isinstance(step, InstallZstdPackage) else AddPackage
    return kind(**{field.name: getattr(step, field.name) for field in fields(step)})


def install_package(repository: Repository, package: Package) -> InstallPackage:
    """Return the step that installs a package of a repository."""
    step = InstallZstdPackage if package.type is PackageType.TZST else InstallPackage
    return step(repository.id, repository.location, package, repository.fallbacks)
