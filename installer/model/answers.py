"""What the installer has to know from its user: a Draft while being asked, Answers when complete."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from ipaddress import IPv4Address

from installer.model.disk_rule import DiskRule
from installer.model.errors import AnswersError
from installer.model.interface import AdminInterface, Bond, Protocol, StaticAddress
from installer.model.origin import Origin, no_origins, origin_of
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
    "Kept",
    "Naming",
    "Origin",
    "PasswordKind",
    "Protocol",
    "RootPassword",
    "StaticAddress",
    "no_origins",
    "origin_of",
)


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


class Kept(StrEnum):
    """What an installation over an existing host keeps of it, unless the answers say otherwise (spec R13, R35)."""

    KEYMAP = "keymap"
    PASSWORD = "root password"
    INTERFACE = "network"
    TIMEZONE = "time zone"
    TIME = "time servers"
    HOSTNAME = "host name"
    NAMESERVERS = "nameservers"
    SSH = "ssh server"


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

        In a mode that keeps the settings of the host that is there, those that nobody answered have a harmless value
        and are named in `kept`; `installer.model.keep_settings` puts the host's own in their place.
        Raises AnswersError naming every missing answer at once, and for a restore, which needs none.
        """
        if self.mode in PRESERVING:
            return self._keeping()
        if self.mode is not Mode.FRESH:
            raise AnswersError((f"the mode {self.mode} takes no answers of an installation",))
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

    def _keeping(self) -> Answers:
        existing = self.existing
        if existing is None or existing.disk is None or self.sources is None:
            raise AnswersError(
                tuple(f"<{element}> is missing" for element in self.missing()),
                hint=f"the mode {self.mode} needs existing-installation and source",
            )
        naming = self.naming or Naming()
        given = {
            Kept.KEYMAP: self.keymap,
            Kept.PASSWORD: self.root_password,
            Kept.INTERFACE: self.interface,
            Kept.TIMEZONE: self.timezone,
            Kept.TIME: self.time_method or self.ntp_servers,
            Kept.HOSTNAME: naming.hostname,
            Kept.NAMESERVERS: naming.nameservers,
            Kept.SSH: self.access.ssh is not None,
        }
        return Answers(
            keymap=self.keymap or DEFAULT_KEYMAP,
            disks=DiskChoice((existing.disk,)),
            root_password=self.root_password or LOCKED,
            sources=self.sources,
            skipped_packages=self.skipped_packages,
            post_install_script=self.post_install_script,
            interface=self.interface or AdminInterface(),
            clock=Clock(self.timezone or DEFAULT_ZONE, self.ntp_servers, self.time_method or TimeMethod.NTP),
            naming=naming,
            scripts=self.scripts,
            driver_sources=self.driver_sources,
            bonds=self.bonds,
            other_interfaces=self.other_interfaces,
            access=self.access,
            trust=self.trust,
            origins={"disks": origin_of(self.origins, "existing.disk"), **self.origins},
            mode=self.mode,
            existing=existing,
            kept=tuple(kept for kept in Kept if not given[kept]),
        )


PRESERVING = (Mode.REINSTALL, Mode.UPGRADE)
DEFAULT_KEYMAP = "us"
DEFAULT_ZONE = "Etc/UTC"
# what stands where the password is kept: should nothing take its place, the host asks for one when it starts
LOCKED = RootPassword(PasswordKind.HASH, Secret("!!"))


@dataclass(frozen=True)
class Answers:
    """Everything an installation needs to know, complete and valid one by one.

    `kept` names what is taken from the host that is there already, in the modes that keep it.
    """

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
    mode: Mode = Mode.FRESH
    existing: Existing | None = None
    kept: tuple[Kept, ...] = ()
    origins: Mapping[str, Origin] = field(default_factory=no_origins, compare=False, hash=False)

    @property
    def preserves(self) -> bool:
        """Whether a host is installed over and its virtual machines are kept."""
        return self.mode in PRESERVING

    def origin(self, name: str) -> Origin:
        """Return where the value of a dotted field name came from, or that of its parent, or default."""
        return origin_of(self.origins, name)

    def draft(self) -> Draft:
        """Return the Draft that completes to these answers; of what is kept it says nothing."""
        shared = {item.name for item in fields(Draft)} & {item.name for item in fields(Answers)}
        draft = Draft(
            **{name: getattr(self, name) for name in sorted(shared)},
            timezone=self.clock.timezone,
            time_method=self.clock.method,
            ntp_servers=self.clock.ntp_servers,
        )
        return _without_kept(draft, self.naming, self.kept) if self.preserves else draft


def _without_kept(draft: Draft, names: Naming, kept: Container[Kept]) -> Draft:
    naming = Naming(
        None if Kept.HOSTNAME in kept else names.hostname,
        () if Kept.NAMESERVERS in kept else names.nameservers,
    )
    network_kept, time_kept = Kept.INTERFACE in kept, Kept.TIME in kept
    return replace(
        draft,
        disks=None,
        storage_type=None,
        keymap=None if Kept.KEYMAP in kept else draft.keymap,
        root_password=None if Kept.PASSWORD in kept else draft.root_password,
        interface=None if network_kept else draft.interface,
        bonds=() if network_kept else draft.bonds,
        timezone=None if Kept.TIMEZONE in kept else draft.timezone,
        time_method=None if time_kept else draft.time_method,
        ntp_servers=() if time_kept else draft.ntp_servers,
        naming=None if naming == Naming() else naming,
        access=replace(draft.access, ssh=None) if Kept.SSH in kept else draft.access,
    )
