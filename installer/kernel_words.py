"""The words of the kernel's command line that are meant for the installer in its image (spec R3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from installer.kernel_console import FIRST_SCREEN, find_output, read_console
from installer.kernel_line import CMDLINE, present_consoles, split_words
from installer.kernel_network import ALL, DHCP, network_arguments, network_device, nic_names, notice_address
from installer.kernel_reading import LISTS, Reading, shown
from installer.kernel_ssh import MADE, ssh_password
from installer.model.errors import InvalidAnswer
from installer.model.host import SerialConsole
from installer.model.identity import EXAMPLE, filled, has_marks
from installer.model.problem import Problem
from installer.model.rules_location import location, report_location
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind
from installer.model.wishes import NO_TRUST, Trust
from installer.model.wording import nearest

FLAGS = ("install", "shell", "interactive-modules", "sshd")
ADDRESSES = ("ca", "key", "report", "driver-source")
VALUES = ("answerfile", "output", "atexit", "network_device", "network_config", "installed", "sshpassword", *ADDRESSES)
REACHED = ("answerfile", *ADDRESSES)  # words whose address may lie beyond the network
ALIKE = ("consoleblank", "init", "module_blacklist", "netconsole")  # the kernel's own, much like ours but other words
SHORT_ALIKE = {"ssh": "sshd", "shel": "shell", "exit": "atexit", "out": "output"}
SHORTEST_ALIKE = 5  # of shorter words too many are much like each other
NETWORKED = re.compile(r"(https?|ftp|nfs|syslog(?:\+tcp)?)://.*|(?!file:)[\w.-]+:/(?!/).*", re.IGNORECASE | re.DOTALL)
_MODULE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_LIKE_TERMINAL = re.compile(r"(?:/dev/)?(?:t+y+|t{2,})[sS]?[0-9]{0,2}(?:,[0-9]\S*)?|hvc[0-9]")


class AtExit(StrEnum):
    """What becomes of the machine after the installation succeeded."""

    REBOOT = "reboot"
    POWEROFF = "poweroff"
    SHELL = "shell"


@dataclass(frozen=True)
class KernelWords:
    """`output` is the terminal the installer runs on, `serial` the serial line that is (None on a screen).

    `set_speed` is the speed that this line must be given, None when the kernel has set it. `network` are the arguments
    of the image's network program, none when the words need no network; `nic_names` is `ethN:MAC` for each NIC with a
    name of its own. Of modules the `blacklist` is never loaded for a device; with `ask_modules` each is asked for.
    `driver_disk` is loaded before anything is looked at: an address, or empty for a disc or stick.
    With `ssh` root is let in by ssh, with `ssh_password` or, without one, with a password that is made and shown.
    `trust` is what the words `ca`, `key` and `report` say.
    """

    answerfile: Secret | None = None
    install: bool = False
    shell: bool = False
    at_exit: AtExit = AtExit.REBOOT
    output: str = FIRST_SCREEN
    output_given: bool = False
    serial: SerialConsole | None = None
    set_speed: int | None = None
    network: tuple[str, ...] = ()
    nic_names: tuple[str, ...] = ()
    extra_modules: tuple[str, ...] = ()
    blacklist: tuple[str, ...] = ()
    ask_modules: bool = False
    installed: str = ""
    ssh: bool = False
    ssh_password: Secret | None = None
    driver_disk: Location | None = None
    trust: Trust = NO_TRUST


def read_kernel_words() -> tuple[KernelWords, tuple[Problem, ...]]:
    """Read the words that this machine's kernel was started with."""
    text = Path(CMDLINE).read_text(encoding="utf-8", errors="replace")
    return parse_kernel_words(text, present_consoles())


def parse_kernel_words(text: str, consoles: Collection[str]) -> tuple[KernelWords, tuple[Problem, ...]]:
    """Return our words in a kernel command line, and everything that is wrong with them; any text is accepted.

    `consoles` are the names of the terminals that this machine has. Words of the kernel's are passed over, those that
    look like misspelt ones of ours are not.
    """
    reading = Reading(consoles)
    for word in split_words(text):
        name, mark, value = word.partition("=")
        _read_word(reading, name, value if mark else None)
    given = reading.given
    answerfile, password = _answerfile(reading), _ssh_password(reading)
    ssh = "sshd" in given or password is not None
    at_exit, network, names = _at_exit(reading), _network(reading, ssh=ssh), _nic_names(reading)
    extra_modules, blacklist = _modules(reading)
    output, serial, set_speed = find_output(reading)
    words = KernelWords(
        answerfile=answerfile,
        install="install" in given,
        shell="shell" in given,
        at_exit=at_exit,
        output=output,
        output_given="output" in given,
        serial=serial,
        set_speed=set_speed,
        network=network,
        nic_names=names,
        extra_modules=extra_modules,
        blacklist=blacklist,
        ask_modules="interactive-modules" in given,
        installed=_installed(reading),
        ssh=ssh,
        ssh_password=password,
        driver_disk=_driver_disk(reading),
        trust=_trust(reading),
    )
    return words, tuple(reading.problems)


def _read_word(reading: Reading, name: str, value: str | None) -> None:
    if name == "console":
        read_console(reading, value or "")
    elif name in FLAGS:
        if value is not None:
            reading.error(f"the word `{name}` takes no value", f"write only `{name}`")
        reading.given[name] = ""
    elif name in (*VALUES, *LISTS):
        if not value:
            hint = MADE if name == "sshpassword" else f"write `{name}=` and the value"
            reading.error(f"the word `{name}` has no value", hint)
            return
        if name in LISTS:
            reading.lists[name] += filter(None, value.split(","))
            return
        if reading.given.get(name, value) != value:
            reading.warning(f"the word `{name}` is given more than once", "the last one counts")
        reading.given[name] = value
    else:
        _read_foreign(reading, name, value)


def _read_foreign(reading: Reading, name: str, value: str | None) -> None:
    """The kernel's own words pass; what was probably meant to be one of ours does not."""
    if value is None and _LIKE_TERMINAL.fullmatch(name):
        meant = nearest(name.partition(",")[0], reading.consoles) or "ttyS0"
        reading.warning(
            f"the word `{shown(name)}` alone does nothing", f"did you mean output={meant} or console={meant}?"
        )
        return
    if name in SHORT_ALIKE:
        reading.error(f"the word `{shown(name)}` is unknown", f"did you mean `{SHORT_ALIKE[name]}`?")
        return
    if name in ALIKE or "." in name or len(name) < SHORTEST_ALIKE:
        return
    candidates = [word for word in ("console", *FLAGS, *VALUES, *LISTS) if len(word) >= SHORTEST_ALIKE]
    near = nearest(name, candidates)
    if near == "sshpassword":  # whoever has mistyped `=` has written the password into the name
        reading.error("a word much like `sshpassword=` is unknown", "write `sshpassword=` and the password")
    elif near:
        reading.error(f"the word `{shown(name)}` is unknown", f"did you mean `{near}`?")


def _at_exit(reading: Reading) -> AtExit:
    text = reading.given.get("atexit", AtExit.REBOOT)
    try:
        return AtExit(text)
    except ValueError:
        reading.error(f"atexit={shown(text)} is unknown", f"it can be {', '.join(AtExit)}")
        return AtExit.SHELL


def _answerfile(reading: Reading) -> Secret | None:
    """Return the address of the answerfile, by the rule that its own addresses have; never quoted when it is wrong."""
    if "answerfile" not in reading.given:
        if "install" in reading.given:
            reading.error("the word `install` without `answerfile=URL`", "an unattended installation needs its answers")
        return None
    if "install" not in reading.given:
        reading.error("`answerfile=` without the word `install`", "add `install` to begin an unattended installation")
    try:
        text = reading.given["answerfile"]
        return Secret(text) if has_marks(text) and location(filled(text, EXAMPLE)) else location(text).url
    except InvalidAnswer as error:
        reading.error(f"answerfile: {error.what}", error.hint)
        return None


def _driver_disk(reading: Reading) -> Location | None:
    """Return the address of the driver disk; never quoted when it is wrong."""
    text = reading.given.get("driver-source")
    if text == LocationKind.LOCAL:
        return Location(LocationKind.LOCAL)
    try:
        return location(text) if text else None
    except InvalidAnswer as error:
        reading.error(f"driver-source: {error.what}", f"{error.hint}; or `local` for a disc or stick")
        return None


def _trust(reading: Reading) -> Trust:
    ca, key = _address(reading, "ca"), _address(reading, "key")
    return Trust((ca,) if ca else (), (key,) if key else (), _address(reading, "report", report_location))


def _address(reading: Reading, name: str, rule: Callable[[str], Location] = location) -> Location | None:
    """Return the address that a word gives; never quoted when it is wrong."""
    try:
        return rule(reading.given[name]) if name in reading.given else None
    except InvalidAnswer as error:
        reading.error(f"{name}: {error.what}", error.hint)
        return None


def _ssh_password(reading: Reading) -> Secret | None:
    try:
        return ssh_password(reading.given["sshpassword"]) if "sshpassword" in reading.given else None
    except InvalidAnswer as error:
        reading.error(f"sshpassword: {error.what}", error.hint)
        return None


def _network(reading: Reading, *, ssh: bool) -> tuple[str, ...]:
    """Return what to bring up: what the words say, every NIC when they only ask for what comes over a network."""
    device, config = reading.given.get("network_device"), reading.given.get("network_config")
    reached = any(NETWORKED.fullmatch(reading.given.get(name, "")) for name in REACHED)
    networked = ssh or reached or "installed" in reading.given
    if device is None and config is None and not networked:
        return ()
    try:
        wanted = network_device(device or ALL)
    except InvalidAnswer as error:
        reading.error(f"network_device: {error.what}", "ethN, a MAC address or `all`")
        return ()
    try:
        return network_arguments(wanted, config or DHCP)
    except InvalidAnswer as error:
        reading.error(f"network_config: {error.what}", error.hint)
        return ()


def _nic_names(reading: Reading) -> tuple[str, ...]:
    try:
        return nic_names(reading.lists["map_netdev"])
    except InvalidAnswer as error:
        reading.error(f"map_netdev: {error.what}", error.hint)
        return ()


def _modules(reading: Reading) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the modules to load at once, and those never to load for a device; modprobe(8) takes - for _."""
    found = []
    for word in ("extramodules", "blacklist"):
        names = tuple(dict.fromkeys(name.replace("-", "_") for name in reading.lists[word]))
        if wrong := [name for name in names if not _MODULE.fullmatch(name)]:
            reading.error(f"{word}: {shown(wrong[0])} is not the name of a module", f"as in {word}=e1000e,raid1")
            names = ()
        found.append(names)
    if both := set(found[0]) & set(found[1]):
        reading.error(f"the module {min(both)} is in `extramodules` and in `blacklist`", "leave it out of one of them")
    return found[0], found[1]


def _installed(reading: Reading) -> str:
    try:
        return notice_address(reading.given.get("installed", ""), unattended="install" in reading.given)
    except InvalidAnswer as error:
        reading.error(f"installed: {error.what}", error.hint)
        return ""
