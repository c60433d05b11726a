"""The words of the kernel's command line that are meant for the installer in its image (spec R3)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from installer.model.errors import InvalidAnswer
from installer.model.host import SerialConsole
from installer.model.problem import Problem, Severity
from installer.model.rules_network import mac, nic_name
from installer.model.secret import Secret
from installer.model.wording import nearest, quoted

CMDLINE = "/proc/cmdline"
SYSFS_TTY = "/sys/class/tty"
FIRST_SCREEN = "tty1"
XEN_CONSOLE = "hvc0"
KERNEL_SPEED = 9600  # of console=ttySn without a speed (Documentation/admin-guide/serial-console.rst)
FLAGS = ("install", "shell")
VALUES = ("answerfile", "output", "atexit", "network_device", "installed")
LATER = (
    "extramodules", "blacklist", "interactive-modules", "network_config", "map_netdev", "driver-source", "report",
    "ca", "key", "sshpassword",
)  # fmt: skip
ALIKE = ("consoleblank", "init", "module_blacklist", "netconsole")  # the kernel's own, much like ours but other words
SHORTEST_ALIKE = 5  # of shorter words too many are much like each other
# without credentials: it is shown
NOTICE = re.compile(r"http://[A-Za-z0-9.:-]+(/[A-Za-z0-9._~/-]*)?")
NETWORKED = re.compile(r"(https?|ftp|nfs)://.*", re.IGNORECASE | re.DOTALL)
# names the kernel takes for console= that are not the names of terminals (admin-guide/kernel-parameters.txt)
NO_TERMINAL = re.compile(r"|null|ttynull|(uart|netcon|earlycon|brl|pstore).*")
_CONSOLE = re.compile(r"(?:/dev/)?([A-Za-z][A-Za-z0-9]{0,31})(?:,([1-9][0-9]{1,6})[noe]?[5-8]?r?)?")
_LIKE_TERMINAL = re.compile(r"(?:/dev/)?(?:t+y+|t{2,})[sS]?[0-9]{0,2}(?:,[0-9]\S*)?|hvc[0-9]")


class AtExit(StrEnum):
    """What becomes of the machine after the installation succeeded."""

    REBOOT = "reboot"
    POWEROFF = "poweroff"
    SHELL = "shell"


@dataclass(frozen=True)
class KernelWords:
    """`output` is the terminal the installer runs on, `serial` the serial line that is (None on a screen).

    `set_speed` is the speed that this line must be given, None when the kernel has set it. `network` names the NIC to
    ask for an address on: ethN, a MAC address, `all`, or empty when the words need no network.
    """

    answerfile: Secret | None = None
    install: bool = False
    shell: bool = False
    at_exit: AtExit = AtExit.REBOOT
    output: str = FIRST_SCREEN
    serial: SerialConsole | None = None
    set_speed: int | None = None
    network: str = ""
    installed: str = ""


@dataclass
class _Reading:
    """The words found so far, the last of each kind, and what is wrong."""

    consoles: Collection[str]
    given: dict[str, str] = field(default_factory=dict)
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


def present_consoles(directory: str = SYSFS_TTY) -> frozenset[str]:
    """Return the terminals there are: serial ports only with a chip behind them (Documentation/ABI/sysfs-tty)."""
    names = (path.name for path in Path(directory).glob("*"))
    return frozenset(name for name in names if not name.startswith("ttyS") or _has_chip(Path(directory, name, "type")))


def _has_chip(path: Path) -> bool:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip() != "0"  # PORT_UNKNOWN of serial_core.h
    except OSError:
        return False


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
    at_exit, network, installed = _at_exit(reading), _network(reading), _installed(reading)
    output, serial, set_speed = _output(reading)
    if "answerfile" in given and "install" not in given:
        reading.error("`answerfile=` without the word `install`", "add `install` to begin an unattended installation")
    if "install" in given and "answerfile" not in given:
        reading.error("the word `install` without `answerfile=URL`", "an unattended installation needs its answers")
    words = KernelWords(
        answerfile=Secret(given["answerfile"]) if "answerfile" in given else None,
        install="install" in given,
        shell="shell" in given,
        at_exit=at_exit,
        output=output,
        serial=serial,
        set_speed=set_speed,
        network=network,
        installed=installed,
    )
    return words, tuple(reading.problems)


def split_words(text: str) -> Iterator[str]:
    """Yield the words of a kernel command line: blanks part them, but not between double quotes (lib/cmdline.c)."""
    word, quoting = "", False
    for letter in text:
        if letter == '"':
            quoting = not quoting
        elif letter.isspace() and not quoting:
            if word:
                yield word
            word = ""
        else:
            word += letter
    if word:
        yield word


def _read_word(reading: _Reading, name: str, value: str | None) -> None:
    if name == "console":
        _read_console(reading, value or "")
    elif name in LATER:
        reading.error(f"the word `{name}` is known, but not supported by this version yet", "start without it")
    elif name in FLAGS:
        if value is not None:
            reading.error(f"the word `{name}` takes no value", f"write only `{name}`")
        reading.given[name] = ""
    elif name in VALUES:
        if not value:
            reading.error(f"the word `{name}` has no value", f"write `{name}=` and the value")
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
    candidates = [word for word in ("console", *FLAGS, *VALUES, *LATER) if len(word) >= SHORTEST_ALIKE]
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


def _network(reading: _Reading) -> str:
    """Return the NIC to bring up; all of them when only the answerfile's address asks for a network."""
    text = reading.given.get("network_device")
    if text is None:
        networked = NETWORKED.fullmatch(reading.given.get("answerfile", "")) or "installed" in reading.given
        return "all" if networked else ""
    if text == "all":
        return text
    try:
        return mac(text) if ":" in text or "-" in text else nic_name(text)
    except InvalidAnswer as error:
        reading.error(f"network_device: {error.what}", "ethN, a MAC address or `all`")
        return ""


def _installed(reading: _Reading) -> str:
    """Return the address to be told of a finished unattended installation."""
    text = reading.given.get("installed", "")
    if text and not NOTICE.fullmatch(text):
        reading.error("`installed=` has no address that can be told", "http://SERVER/PATH, without user and password")
        return ""
    if text and "install" not in reading.given:
        reading.warning("the word `installed` without `install` has no effect", "installing by screens tells nobody")
        return ""
    return text
