"""The command line, read into options."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn

from installer import VERSION, examples
from installer.model.errors import InvalidAnswer, UsageError
from installer.model.repository import Identity
from installer.model.repository_build import ENDINGS, BuildRequest, Form, make_request
from installer.model.rules_location import location_or_file, report_location
from installer.model.secret import MASK
from installer.model.source import Location, LocationKind, PackageType
from installer.model.wishes import NO_TRUST, Trust
from installer.model.wording import listed, nearest, quoted, sentence

ANSWERFILE_HELP = (
    "the answers: http, https, ftp, nfs, file or a plain path; {mac}, {serial} and {hostname} in it are filled in"
)

CA_HELP = "a certificate in PEM form that https servers are checked with, beside those that the system knows"
KEY_HELP = "an OpenPGP key; repositories that it has not signed are refused"
REPEATABLE = ("target", "media")
_CREDENTIALS = re.compile(r"://\S*@")


class _Parser(argparse.ArgumentParser):
    """Raises instead of ending the process, so that one place decides on messages and exit codes."""

    def error(self, message: str) -> NoReturn:
        raise self.fault(_CREDENTIALS.sub(f"://{MASK}@", message))

    def fault(self, message: str, meant: str | None = None) -> UsageError:
        """Return the error for wrong words, with what was probably meant."""
        question = f"did you mean {meant}? " if meant else ""
        return UsageError(message, hint=f"{question}`{self.prog} --help` lists the options")

    def _check_value(self, action: argparse.Action, value: str) -> None:
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:
            message = f"there is no command {quoted(value)}, only {listed(list(action.choices))}"
            raise self.fault(message, nearest(value, action.choices))
        super()._check_value(action, value)


def build_parser() -> _Parser:
    """Return the parser of the whole command."""
    parser = _Parser(
        prog="installer",
        description="Turn this machine, or a disk image, into a Xen host.",
        epilog=examples.ALL + examples.EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        fromfile_prefix_chars="@",  # an address with a password in it is for nobody who lists processes
    )
    parser.add_argument("--version", action="version", version=f"installer {VERSION}")
    _add_install_options(parser, default=None)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    install = _add_command(commands, "install", "carry out an unattended installation", examples.INSTALL)
    _add_install_options(install, default=argparse.SUPPRESS)
    _add_restore(_add_command(commands, "restore", "put the backup of a control domain back", examples.RESTORE))
    check = _add_command(commands, "check", "look answerfiles over, offline", examples.CHECK)
    check.add_argument("answerfiles", metavar="ANSWERFILE", nargs="+", help="a file on this machine")
    _add_json(check)
    _add_repo(_add_command(commands, "repo", "make, list and check repositories", examples.REPO))
    return parser


def _add_command(commands: argparse._SubParsersAction[_Parser], name: str, text: str, epilog: str) -> _Parser:
    """Add a command, whose own help begins with what the list of commands says of it and ends with examples."""
    return commands.add_parser(
        name,
        help=text,
        description=sentence(text),
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def parse_options(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line.

    Raises UsageError.
    """
    parser = build_parser()
    _refuse_unknown_options(parser, arguments)
    options = parser.parse_args(arguments)
    # argparse would let those after `install` replace those before it
    for name in REPEATABLE:
        later = vars(options).pop(f"later_{name}", [])
        setattr(options, name, [*(getattr(options, name, None) or ()), *later])
    return options


def _refuse_unknown_options(parser: _Parser, arguments: Sequence[str]) -> None:
    """Name a misspelt option itself: argparse would take the word behind it for a command, and complain of that."""
    known = set(_option_names(parser))
    for word in arguments:
        name = word.partition("=")[0]
        if word == "--":
            return
        if name.startswith("--") and " " not in word and name not in known:
            raise parser.fault(f"there is no option {name}", nearest(name, known))


def _option_names(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _option_names(command)


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON lines")


def _add_restore(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("restore").add_argument
    add("--disk", metavar="DISK", help="the disk whose backup is meant, when there are several")
    add("--yes", action="store_true", help="do not ask before the control domain is overwritten")
    _add_run_options(add, default=argparse.SUPPRESS)


def _add_install_options(parser: argparse.ArgumentParser, *, default: str | None) -> None:
    """The options stand before or after the word `install`; there they must not undo what stood before."""
    flag = False if default is None else default
    add = parser.add_argument_group("installation").add_argument
    add("--answerfile", metavar="URL", default=default, help=ANSWERFILE_HELP)
    _add_run_options(add, default=default)
    add("--size", metavar="SIZE", default=default, help="make missing image files of this size, such as 16G (2^30)")
    add("--record-machine", metavar="FILE", default=default, help="write the facts of this machine to FILE and end")
    add(
        "--media",
        dest="media" if default is None else "later_media",
        metavar="DIR",
        action="append",
        default=default,
        help="where an installation medium is (source type local); repeatable",
    )
    add("--verify", action="store_true", default=flag, help="read and check every package before anything is changed")
    add("--ask-missing", action="store_true", default=flag, help="ask on screens what the answerfile leaves out")
    add("--accept-version", action="store_true", default=flag, help="install repositories of another version")


def _add_run_options(add: Callable[..., argparse.Action], *, default: str | None) -> None:
    """Add what an installation and a restore have in common."""
    flag = False if default is None else default
    add("--dry-run", action="store_true", default=flag, help="show the plan, change nothing")
    add("--json", action="store_true", default=flag, help="plan, events and problems as JSON lines")
    add(
        "--target",
        dest="target" if default is None else "later_target",
        metavar="[DISK=]PATH",
        action="append", default=default,
        help="a disk-image file or block device in place of DISK (default: the primary disk); repeatable",
    )  # fmt: skip
    add(
        "--machine",
        metavar="FILE",
        default=default,
        help="facts of the machine instead of this one's (shipped: qemu, qemu-uefi)",
    )
    add(
        "--load-drivers",
        metavar="URL",
        default=default,
        help="in the installation image: load a driver disk for later installations and end (local: a disc or stick)",
    )
    add("--log-dir", metavar="DIR", default=default, help="where the log goes (default: ./installer-log)")
    add("--ca", metavar="URL", default=default, help=CA_HELP)
    add("--key", metavar="URL", default=default, help=KEY_HELP)
    add("--report", metavar="URL", default=default, help="report the run as it goes: http, https, syslog or syslog+tcp")


def _add_repo(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="repo_command", metavar="ACTION", required=True, parser_class=_Parser)
    build = _add_command(commands, "build", "make a repository from directories or tarballs", examples.BUILD)
    build.add_argument("--id", required=True, help="vendor:repository, such as xs:main")
    build.add_argument("--name", required=True, help="what a person reads")
    build.add_argument("--product", default="XenServer", help="the product it belongs to (default: XenServer)")
    build.add_argument("--product-version", "--version", dest="product_version", required=True, help="such as 4.0.1-1")
    build.add_argument("--output", metavar="DIR", required=True, help="new, empty, or the repository to make anew")
    build.add_argument(
        "--compress", choices=tuple(map(str, ENDINGS)), default=str(PackageType.TBZ2),
        help="the type of packages made of directories and .tar files (default: tbz2, as 4.0.1 reads it)",
    )  # fmt: skip
    build.add_argument(
        "--sign", metavar="KEYID", default="", help="sign the metadata by this key of your own gpg; means --sha256 too"
    )
    build.add_argument("--sha256", action="store_true", help="state the SHA-256 of every package, beside its MD5")
    build.add_argument(
        "packages", metavar="NAME=PATH[,required|optional[,DEST]]", nargs="+",
        help="a directory, .tar, .tar.bz2 or .tar.zst that becomes the package NAME",
    )  # fmt: skip
    show = _add_command(commands, "show", "list repositories and packages", examples.SHOW)
    verify = _add_command(commands, "verify", "check size and sums of every package", examples.VERIFY)
    for command in (show, verify):
        command.add_argument("location", metavar="URL", help="http, https, ftp, nfs, file or a plain path")
        command.add_argument("--ca", metavar="URL", help=CA_HELP)
        command.add_argument("--key", metavar="URL", help=KEY_HELP)
        _add_json(command)


def build_request(options: argparse.Namespace, source_date: str | None) -> BuildRequest:
    """Return what `repo build` is to make; `source_date` is SOURCE_DATE_EPOCH. Raises UsageError."""
    identity = Identity(options.id, options.name, options.product, options.product_version)
    form = Form(PackageType(options.compress), options.sha256, options.sign)
    return make_request(identity, options.packages, source_date, form)


def driver_disk_of(text: str) -> Location:
    """Return where a driver disk lies: `local` is a disc or stick. Raises UsageError."""
    if text == LocationKind.LOCAL:
        return Location(LocationKind.LOCAL)
    return location_of(text, "--load-drivers")


def location_of(text: str, where: str, rule: Callable[[str], Location] = location_or_file) -> Location:
    """Return the place that a word of the command line names. Raises UsageError, which never quotes it."""
    try:
        return rule(text)
    except InvalidAnswer as error:
        raise UsageError(error.what, where=where, hint=error.hint) from None


def trust_of(options: argparse.Namespace, words: Trust = NO_TRUST) -> Trust:
    """Return what --ca, --key and --report say, each where it is given in place of the kernel's word.

    Raises UsageError, which never quotes them.
    """
    return Trust(
        (location_of(options.ca, "--ca"),) if options.ca else words.ca_certificates,
        (location_of(options.key, "--key"),) if options.key else words.repository_keys,
        location_of(report, "--report", report_location) if (report := vars(options).get("report")) else words.report,
    )
