"""The words of the kernel's command line that are meant for the installer in its image (spec R3)."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from installer.kernel_line import CMDLINE, present_consoles, split_words
from installer.kernel_network import ALL, DHCP, network_arguments, network_device, nic_names, notice_address
from installer.model.errors import InvalidAnswer
from installer.model.host import SerialConsole
from installer.model.problem import Problem, Severity
from installer.model.rules_location import location
from installer.model.secret import Secret
from installer.model.wording import nearest, quoted

FIRST_SCREEN = "tty1"
XEN_CONSOLE = "hvc0"
KERNEL_SPEED = 9600  # of console=ttySn without a speed (Documentation/admin-guide/serial-console.rst)
FLAGS = ("install", "shell", "interactive-modules")
VALUES = ("answerfile", "output", "atexit", "network_device", "network_config", "installed")
LISTS = ("extramodules", "blacklist", "map_netdev")  # joined when they are given more than once
LATER = ("driver-source", "report", "ca", "key", "sshpassword")
ALIKE = ("consoleblank", "init", "module_blacklist", "netconsole")  # the kernel's own, much like ours but other words
SHORTEST_ALIKE = 5  # of shorter words too many are much like each other
NETWORKED = re.compile(r"(https?|ftp|nfs)://.*|(?!file:)[\w.-]+:/(?!/).*", re.IGNORECASE | re.DOTALL)
# names the kernel takes for console= that are not the names of terminals (admin-guide/kernel-parameters.txt)
NO_TERMINAL = re.compile(r"|null|ttynull|(uart|netcon|earlycon|brl|pstore).*")
_CONSOLE = re.compile(r"(?:/dev/)?([A-Za-z][A-Za-z0-9]{0,31})(?:,([1-9][0-9]{1,6})[noe]?[5-8]?r?)?")
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


@dataclass
class _Reading:
    """The words found so far, the last of each kind, and what is wrong."""

    consoles: Collection[str]
    given: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in LISTS})
    kernel_consoles: dict[str, int | None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def error(self, message: str, hint: str = "") -> None:
        self.problems.append(Problem(Severity.ERROR, message, hint=hint))

    def warning(self, message: str, hint: str = "") -> None:
        self.problems.append(Problem(Severity.WARNING, message, hint=hint))


def read_kernel_words() -> tuple[KernelWords, tuple[Problem, ...]]:
    """Read the words that this machine's kernel was started with."""
    text = Path(CMDLINE).read_text(encoding="utf-8", errors="replace")
    return parse_kernel_words(text, present_consoles())


def parse_kernel_words(text: str, consoles: Collection[str]) -> tuple[KernelWords, tuple[Problem, ...]]:
    """Return our words in a kernel command line, and everything that is wrong with them; any text is accepted.

    `consoles` are the names of the terminals that this machine has. Words of the kernel's are passed over, those that
    look like misspelt ones of ours are not.
    """
    reading = _Reading(consoles)
    for word in split_words(text):
        name, mark, value = word.partition("=")
        _read_word(reading, name, value if mark else None)
    given = reading.given
    at_exit, network, names = _at_exit(reading), _network(reading), _nic_names(reading)
    extra_modules, blacklist = _modules(reading)
    output, serial, set_speed = _output(reading)
    if "answerfile" in given and "install" not in given:
        reading.error("`answerfile=` without the word `install`", "add `install` to begin an unattended installation")
    if "install" in given and "answerfile" not in given:
        reading.error("the word `install` without `answerfile=URL`", "an unattended installation needs its answers")
    words = KernelWords(
        answerfile=_answerfile(reading),
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
    )
    return words, tuple(reading.problems)


def _read_word(reading: _Reading, name: str, value: str | None) -> None:
    if name == "console":
        _read_console(reading, value or "")
    elif name in LATER:
        reading.error(f"the word `{name}` is known, but not supported by this version yet", "start without it")
    elif name in FLAGS:
        if value is not None:
            reading.error(f"the word `{name}` takes no value", f"write only `{name}`")
        reading.given[name] = ""
    elif name in (*VALUES, *LISTS):
        if not value:
            reading.error(f"the word `{name}` has no value", f"write `{name}=` and the value")
            return
        if name in LISTS:
            reading.lists[name] += filter(None, value.split(","))
            return
        if reading.given.get(name, value) != value:
            reading.warning(f"the word `{name}` is given more than once", "the last one counts")
        reading.given[name] = value
    else:
        _read_foreign(reading, name, value)


def _read_foreign(reading: _Reading, name: str, value: str | None) -> None:
    """The kernel's own words pass; what was probably meant to be one of ours does not."""
    if value is None and _LIKE_TERMINAL.fullmatch(name):
        meant = nearest(name.partition(",")[0], reading.consoles) or "ttyS0"
        reading.warning(
            f"the word `{_shown(name)}` alone does nothing", f"did you mean output={meant} or console={meant}?"
        )
        return
    if name in ALIKE or "." in name or len(name) < SHORTEST_ALIKE:
        return
    candidates = [word for word in ("console", *FLAGS, *VALUES, *LISTS, *LATER) if len(word) >= SHORTEST_ALIKE]
    if near := nearest(name, candidates):
        reading.error(f"the word `{_shown(name)}` is unknown", f"did you mean `{near}`?")


def _read_console(reading: _Reading, value: str) -> None:
    if NO_TERMINAL.fullmatch(value.partition(",")[0]):
        return
    match = _CONSOLE.fullmatch(value)
    name = match[1] if match else value
    if match and name in {*reading.consoles, "tty0"}:
        reading.kernel_consoles.pop(name, None)  # the last one given is /dev/console
        reading.kernel_consoles[name] = int(match[2]) if match[2] else None
    else:
        reading.warning(f"console={_shown(value)}: this machine has no such console", _meant(reading, name))


def _shown(text: str) -> str:
    return quoted(text)[1:-1]


def _meant(reading: _Reading, value: str) -> str:
    name = value.partition(",")[0]
    if match := re.fullmatch(r"com([1-9])", name):
        return f"com{match[1]} is what Xen calls ttyS{int(match[1]) - 1}"
    near = nearest(name, sorted(reading.consoles))
    serial = sorted(console for console in reading.consoles if re.fullmatch(r"ttyS[0-9]+|hvc[0-9]+", console))
    return f"did you mean {near}?" if near else f"it has {', '.join((FIRST_SCREEN, *serial))}"


def _output(reading: _Reading) -> tuple[str, SerialConsole | None, int | None]:
    """Return the terminal of the installer, its serial line, and the speed that init must set on it."""
    text = reading.given.get("output")
    match = _CONSOLE.fullmatch(text) if text is not None else None
    if match and (wanted := _terminal(match[1], reading.consoles)):
        return _described(reading, match[1], wanted, int(match[2]) if match[2] else None)
    default = next((name for name in reversed(reading.kernel_consoles) if name in reading.consoles), FIRST_SCREEN)
    terminal = _terminal(default, reading.consoles) or default
    if text is not None:
        hint = f"{_meant(reading, match[1] if match else text)}; the installer runs on {terminal}"
        reading.warning(f"output={_shown(text)}: this machine has no such console", hint)
    return _described(reading, default, terminal, None)


def _terminal(name: str, consoles: Collection[str]) -> str:
    """Return the terminal of that name, empty when there is none.

    A serial port that Xen keeps for itself has no chip in dom0: what is written to hvc0 comes out there.
    """
    if name == "tty0":
        return FIRST_SCREEN
    if name in consoles:
        return name
    return XEN_CONSOLE if re.fullmatch(r"ttyS[0-9]{1,2}", name) and XEN_CONSOLE in consoles else ""


def _described(
    reading: _Reading, name: str, terminal: str, speed: int | None
) -> tuple[str, SerialConsole | None, int | None]:
    port = re.fullmatch(r"ttyS([0-9]{1,2})", name)
    if not port:
        return terminal, SerialConsole(0) if terminal == XEN_CONSOLE else None, None
    number = int(port[1])
    if terminal == XEN_CONSOLE:  # Xen has set its speed
        return terminal, SerialConsole(number, speed) if speed else SerialConsole(number), None
    if name in reading.kernel_consoles:
        known = reading.kernel_consoles[name] or KERNEL_SPEED
        return terminal, SerialConsole(number, speed or known), speed if speed != known else None
    line = SerialConsole(number, speed) if speed else SerialConsole(number)
    return terminal, line, line.speed


def _at_exit(reading: _Reading) -> AtExit:
    text = reading.given.get("atexit", AtExit.REBOOT)
    try:
        return AtExit(text)
    except ValueError:
        reading.error(f"atexit={_shown(text)} is unknown", f"it can be {', '.join(AtExit)}")
        return AtExit.SHELL


def _answerfile(reading: _Reading) -> Secret | None:
    """Return the address of the answerfile, by the rule that its own addresses have; never quoted when it is wrong."""
    text = reading.given.get("answerfile")
    try:
        return None if text is None else location(text).url
    except InvalidAnswer as error:
        reading.error(f"answerfile: {error.what}", error.hint)
        return None


def _network(reading: _Reading) -> tuple[str, ...]:
    """Return what to bring up: what the words say, every NIC when only the answerfile's address asks for a network."""
    device, config = reading.given.get("network_device"), reading.given.get("network_config")
    networked = NETWORKED.fullmatch(reading.given.get("answerfile", "")) or "installed" in reading.given
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


def _nic_names(reading: _Reading) -> tuple[str, ...]:
    try:
        return nic_names(reading.lists["map_netdev"])
    except InvalidAnswer as error:
        reading.error(f"map_netdev: {error.what}", error.hint)
        return ()


def _modules(reading: _Reading) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the modules to load at once, and those never to load for a device; modprobe(8) takes - for _."""
    found = []
    for word in ("extramodules", "blacklist"):
        names = tuple(dict.fromkeys(name.replace("-", "_") for name in reading.lists[word]))
        if wrong := [name for name in names if not _MODULE.fullmatch(name)]:
            reading.error(f"{word}: {_shown(wrong[0])} is not the name of a module", f"as in {word}=e1000e,raid1")
            names = ()
        found.append(names)
    if both := set(found[0]) & set(found[1]):
        reading.error(f"the module {min(both)} is in `extramodules` and in `blacklist`", "leave it out of one of them")
    return found[0], found[1]


def _installed(reading: _Reading) -> str:
    try:
        return notice_address(reading.given.get("installed", ""), unattended="install" in reading.given)
    except InvalidAnswer as error:
        reading.error(f"installed: {error.what}", error.hint)
        return ""
