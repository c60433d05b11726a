"""What the installer has to know from its user: a Draft while being asked, Answers when complete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from ipaddress import IPv4Address
from types import MappingProxyType

from installer.model.disk_rule import DiskRule
from installer.model.errors import AnswersError
from installer.model.interface import AdminInterface, Bond, Protocol, StaticAddress
from installer.model.secret import Secret
from installer.model.source import Location
from installer.model.wishes import NO_ACCESS, NO_TRUST, Access, Existing, Mode, Script, StorageType, TimeMethod, Trust

__all__ = (
    "DEFAULT_KEYMAP",
    "AdminInterface",
    "Answers",
    "Clock",
    "DiskChoice",
    "Draft",
    "Naming",
    "Origin",
    "PasswordKind",
    "Protocol",
    "RootPassword",
    "StaticAddress",
    "no_origins",
)


@dataclass(frozen=True)
class Origin:
    """Where a value came from: `kind` is default, probe, kernel, answerfile or typed."""

    kind: str
    where: str = ""

    def __str__(self) -> str:
        return self.where or self.kind


@dataclass(frozen=True)
class DiskChoice:
    """Disks by the names the answers call them. `primary` is a tuple for a mirrored dom0 to come.

    Disks by rule stand beside; once the machine is known, `choose_devices` puts names in their place.
    `erase_shared` consents to taking apart what a chosen disk forms together with one that was not chosen.
    """

    primary: tuple[str, ...]
    guest: tuple[str, ...] = ()
    storage_on_primary: bool = True
    primary_rules: tuple[DiskRule, ...] = ()
    guest_rules: tuple[DiskRule, ...] = ()
    erase_shared: bool = False

    @property
    def all(self) -> tuple[str, ...]:
        """Every chosen name once, primary first (files often name the primary as guest disk again)."""
        return tuple(dict.fromkeys(self.primary + self.guest))


class PasswordKind(StrEnum):
    """How the root password is given."""

    PLAINTEXT = "plaintext"
    HASH = "hash"


@dataclass(frozen=True)
class RootPassword:
    """The root password of the installed host, in clear or as a crypt(5) hash (`!!` has the host ask for it)."""

    kind: PasswordKind
    text: Secret


@dataclass(frozen=True)
class Clock:
    """Time zone (TZ name) and NTP servers; without servers they come by DHCP, unless the method is manual."""

    timezone: str
    ntp_servers: tuple[str, ...] = ()
    method: TimeMethod = TimeMethod.NTP


@dataclass(frozen=True)
class Naming:
    """Host name (None: by DHCP, else made up) and nameservers (none: by DHCP)."""

    hostname: str | None = None
    nameservers: tuple[IPv4Address, ...] = ()


def no_origins() -> Mapping[str, Origin]:
    """Return the origins of values that nobody gave."""
    return MappingProxyType({})


@dataclass(frozen=True)
class Draft:
    """Answers as far as they are known; None means not answered yet.

    `origins` maps a dotted field name (`disks.primary`, `disks.guest.1`) to where its value came from; it does not
    take part in comparison.
    """

    keymap: str | None = None
    disks: DiskChoice | None = None
    root_password: RootPassword | None = None
    sources: tuple[Location, ...] | None = None
    skipped_packages: tuple[str, ...] = ()
    post_install_script: Location | None = None
    interface: AdminInterface | None = None
    timezone: str | None = None
    naming: Naming | None = None
    mode: Mode = Mode.FRESH
    existing: Existing | None = None
    storage_type: StorageType | None = None
    time_method: TimeMethod | None = None
    ntp_servers: tuple[str, ...] = ()
    scripts: tuple[Script, ...] = ()
    driver_sources: tuple[Location, ...] = ()
    bonds: tuple[Bond, ...] = ()
    other_interfaces: tuple[AdminInterface, ...] = ()
    access: Access = NO_ACCESS
    trust: Trust = NO_TRUST
    origins: Mapping[str, Origin] = field(default_factory=no_origins, compare=False, hash=False)

    # what an installation cannot do without (spec R35), as the answerfile calls it
    REQUIRED = (
        ("disks", "primary-disk"),
        ("root_password", "root-password"),
        ("timezone", "timezone"),
        ("sources", "source"),
    )
    REQUIRED_TO_PRESERVE = (("existing", "existing-installation"), ("sources", "source"))

    def missing(self) -> tuple[str, ...]:
        """Return the answerfile names of the required answers that are not there."""
        required = {Mode.FRESH: self.REQUIRED, Mode.RESTORE: ()}.get(self.mode, self.REQUIRED_TO_PRESERVE)
        return tuple(element for name, element in required if getattr(self, name) is None)

    def complete(self) -> Answers:
        """Return the Answers with defaults filled in.

        Raises AnswersError naming every missing answer at once, and for another mode than fresh.
        """
        if self.mode is not Mode.FRESH:
            raise AnswersError((f"the mode {self.mode} is not built in this version yet",))
        if self.disks is None or self.root_password is None or self.timezone is None or self.sources is None:
            raise AnswersError(
                tuple(f"<{element}> is missing" for element in self.missing()),
                hint="a fresh installation needs primary-disk, root-password, timezone and source",
            )
        return Answers(
            keymap=self.keymap or DEFAULT_KEYMAP,
            disks=self.disks,
            root_password=self.root_password,
            sources=self.sources,
            skipped_packages=self.skipped_packages,
            post_install_script=self.post_install_script,
            interface=self.interface or AdminInterface(),
            clock=Clock(self.timezone, self.ntp_servers, self.time_method or TimeMethod.NTP),
            naming=self.naming or Naming(),
            storage_type=self.storage_type or StorageType.LVM,
            scripts=self.scripts,
            driver_sources=self.driver_sources,
            bonds=self.bonds,
            other_interfaces=self.other_interfaces,
            access=self.access,
            trust=self.trust,
            origins=self.origins,
        )


DEFAULT_KEYMAP = "us"


@dataclass(frozen=True)
class Answers:
    """Everything a fresh installation needs to know, complete and valid one by one."""

    keymap: str
    disks: DiskChoice
    root_password: RootPassword
    sources: tuple[Location, ...]
    interface: AdminInterface
    clock: Clock
    naming: Naming
    skipped_packages: tuple[str, ...] = ()
    post_install_script: Location | None = None
    storage_type: StorageType = StorageType.LVM
    scripts: tuple[Script, ...] = ()
    driver_sources: tuple[Location, ...] = ()
    bonds: tuple[Bond, ...] = ()
    other_interfaces: tuple[AdminInterface, ...] = ()
    access: Access = NO_ACCESS
    trust: Trust = NO_TRUST
    origins: Mapping[str, Origin] = field(default_factory=no_origins, compare=False, hash=False)

    def origin(self, name: str) -> Origin:
        """Return where the value of a dotted field name came from, or that of its parent, or default."""
        while name:
            if name in self.origins:
                return self.origins[name]
            name = name.rpartition(".")[0]
        return Origin("default")

    def draft(self) -> Draft:
        """Return the Draft that completes to these answers."""
        shared = {item.name for item in fields(Draft)} & {item.name for item in fields(Answers)}
        return Draft(
            **{name: getattr(self, name) for name in sorted(shared)},
            timezone=self.clock.timezone,
            time_method=self.clock.method,
            ntp_servers=self.clock.ntp_servers,
        )
