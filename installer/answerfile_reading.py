"""What reading one answerfile gathers: values with their origins, and every problem with its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from types import MappingProxyType
from typing import TypeVar

from installer.answerfile_xml import Element, Position
from installer.model.answers import AdminInterface, DiskChoice, Draft, Naming, Origin, RootPassword
from installer.model.disk_rule import DiskRule
from installer.model.errors import InvalidAnswer
from installer.model.interface import Bond
from installer.model.problem import Problem, Severity
from installer.model.source import Location, without_credentials
from installer.model.wishes import Access, Existing, Mode, Script, StorageType, TimeMethod, Trust

MAX_PROBLEMS = 1000  # a file with more is none of ours
MAX_TEXT = 4096  # characters of one value: far above any address

Value = TypeVar("Value")


@dataclass
class Found:
    """The values read so far; what was missing or wrong stays None or empty."""

    mode: Mode = Mode.FRESH
    backup: bool = True
    existing_disk: str | None = None
    backup_disk: str | None = None
    keymap: str | None = None
    primary_disk: str | None = None
    primary_rule: DiskRule | None = None
    storage_on_primary: bool = True
    storage_type: StorageType | None = None
    guest_disks: list[str] = field(default_factory=list)
    erase_shared: bool = False
    guest_rules: list[DiskRule] = field(default_factory=list)
    root_password: RootPassword | None = None
    sources: list[Location] = field(default_factory=list)
    driver_sources: list[Location] = field(default_factory=list)
    skipped_packages: list[str] = field(default_factory=list)
    post_install_script: Location | None = None
    scripts: list[Script] = field(default_factory=list)
    interface: AdminInterface | None = None
    other_interfaces: list[AdminInterface] = field(default_factory=list)
    bonds: list[Bond] = field(default_factory=list)
    timezone: str | None = None
    time_method: TimeMethod | None = None
    ntp_servers: list[str] = field(default_factory=list)
    hostname: str | None = None
    nameservers: list[IPv4Address] = field(default_factory=list)
    ssh: bool | None = None
    ssh_keys: list[str] = field(default_factory=list)
    ca_certificates: list[Location] = field(default_factory=list)
    repository_keys: list[Location] = field(default_factory=list)
    report: Location | None = None

    def disks(self) -> DiskChoice | None:
        """Return the disks when the primary one is known."""
        if self.primary_disk is None and self.primary_rule is None:
            return None
        return DiskChoice(
            (self.primary_disk,) if self.primary_disk is not None else (),
            tuple(self.guest_disks),
            self.storage_on_primary,
            (self.primary_rule,) if self.primary_rule is not None else (),
            tuple(self.guest_rules),
            self.erase_shared,
        )

    def existing(self) -> Existing | None:
        """Return what is said of the installation that is there already."""
        existing = Existing(self.existing_disk, self.backup, self.backup_disk)
        return None if existing == Existing() else existing

    def naming(self) -> Naming | None:
        """Return the names when one was given."""
        naming = Naming(self.hostname, tuple(self.nameservers))
        return None if naming == Naming() else naming


class Reading:
    """One pass over one file. `file` stands before every line and column; credentials in it are masked."""

    def __init__(self, file: str) -> None:
        self.file = without_credentials(file)
        self.found = Found()
        # elements said to be wrong already: that they are missing is not said on top of it
        self.excused: set[str] = set()
        self._problems: list[tuple[Position, Problem]] = []
        self._origins: dict[str, Origin] = {}
        self._places: dict[str, Position] = {}

    @property
    def full(self) -> bool:
        """True when so many problems were found that reading on helps nobody."""
        return len(self._problems) >= MAX_PROBLEMS

    @property
    def error_count(self) -> int:
        """How many errors were found so far."""
        return sum(problem.severity is Severity.ERROR for _, problem in self._problems)

    def where(self, position: Position) -> str:
        """Return `file:line:column`."""
        return f"{self.file}:{position.line}:{position.column}"

    def error(self, position: Position, message: str, hint: str = "") -> None:
        """Note what stops the run."""
        self._problems.append((position, Problem(Severity.ERROR, message, self.where(position), hint)))

    def warn(self, position: Position, message: str, hint: str = "") -> None:
        """Note what is worth saying."""
        self._problems.append((position, Problem(Severity.WARNING, message, self.where(position), hint)))

    def value(self, rule: Callable[[str], Value], text: str, position: Position) -> Value | None:
        """Return what the rule makes of a text, or None when it has a fault, which is noted at `position`."""
        if len(text) > MAX_TEXT:
            self.error(position, f"the text is longer than {MAX_TEXT} characters")
            return None
        return self.checked(lambda: rule(text), position)

    def checked(self, rule: Callable[[], Value], position: Position) -> Value | None:
        """Return what the rule gives, or None when it finds a fault, which is noted at `position`."""
        try:
            return rule()
        except InvalidAnswer as fault:
            self.error(position, fault.what, fault.hint)
            return None

    def text(self, rule: Callable[[str], Value], element: Element, name: str) -> Value | None:
        """Return the value of an element's text and note it as the origin of the dotted field `name`.

        None when it is empty, which the element's row reports, or wrong.
        """
        if not element.text:
            return None
        value = self.value(rule, element.text, element.text_position)
        if value is not None:
            self.origin(name, element.text_position)
        return value

    def origin(self, name: str, position: Position) -> None:
        """Note where the value of a dotted field name came from."""
        self._origins[name] = Origin("answerfile", self.where(position))
        self._places[name] = position

    def place(self, name: str) -> Position:
        """Return where the value of a dotted field name, or of its parent, stands; the file's beginning if nowhere."""
        while name and name not in self._places:
            name = name.rpartition(".")[0]
        return self._places.get(name, Position(1, 1))

    def draft(self) -> Draft:
        """Return what was read."""
        found = self.found
        return Draft(
            keymap=found.keymap,
            disks=found.disks(),
            root_password=found.root_password,
            sources=tuple(found.sources) or None,
            skipped_packages=tuple(found.skipped_packages),
            post_install_script=found.post_install_script,
            interface=found.interface,
            timezone=found.timezone,
            naming=found.naming(),
            mode=found.mode,
            existing=found.existing(),
            storage_type=found.storage_type,
            time_method=found.time_method,
            ntp_servers=tuple(found.ntp_servers),
            scripts=tuple(found.scripts),
            driver_sources=tuple(found.driver_sources),
            bonds=tuple(found.bonds),
            other_interfaces=tuple(found.other_interfaces),
            access=Access(tuple(found.ssh_keys), found.ssh),
            trust=Trust(tuple(found.ca_certificates), tuple(found.repository_keys), found.report),
            origins=MappingProxyType(dict(self._origins)),
        )

    def problems(self) -> tuple[Problem, ...]:
        """Return all problems in the order of the file."""
        listed = [problem for _, problem in sorted(self._problems, key=lambda pair: pair[0])]
        if self.full:
            listed.append(Problem(Severity.ERROR, f"the rest is not read after {MAX_PROBLEMS} problems", self.file))
        return tuple(listed)
