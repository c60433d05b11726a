"""The command line, read into options."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from installer import VERSION
from installer.model.errors import InvalidAnswer, UsageError
from installer.model.repository_build import ENDINGS
from installer.model.rules_location import location_or_file
from installer.model.source import Location, PackageType

ANSWERFILE_HELP = (
    "the answers: http, https, ftp, nfs, file or a plain path; {mac}, {serial} and {hostname} in it are filled in"
)

EPILOG = """\
examples:
  installer --dry-run
      ask everything on this terminal and show the plan; changes nothing
  installer --target disk.img --size 16G
      ask, then install onto a disk-image file (as root)
  installer check rack7.xml
      look an answerfile over, offline
  installer --dry-run --answerfile rack7.xml install
      show what would be done on this machine; changes nothing
  installer --answerfile http://pxehost/rack7.xml --target disk.img --size 16G install
      install onto a disk-image file (as root)
  installer --answerfile rack7.xml --target sda=/dev/sdb install
      install onto /dev/sdb what the answers call sda
  installer repo show http://pxehost/XenServer_4.0.1
      list the packages of a repository
  installer @words install
      with the words in the file `words`, one a line: no list of processes shows them

exit codes:
  0  done (check: also with warnings)
  1  a source, package, program or device failed
  2  the answers, options or chosen disks do not fit
  3  broken off by the user
"""


class _Parser(argparse.ArgumentParser):
    """Raises instead of ending the process, so that one place decides on messages and exit codes."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint=f"`{self.prog} --help` lists the options")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command."""
    parser = _Parser(
        prog="installer",
        description="Turn this machine, or a disk image, into a Xen host.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        fromfile_prefix_chars="@",  # an address with a password in it is for nobody who lists processes
    )
    parser.add_argument("--version", action="version", version=f"installer {VERSION}")
    _add_install_options(parser, default=None)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    install = commands.add_parser("install", help="carry out an unattended installation", allow_abbrev=False)
    _add_install_options(install, default=argparse.SUPPRESS)
    check = commands.add_parser("check", help="look answerfiles over, offline", allow_abbrev=False)
    check.add_argument("answerfiles", metavar="ANSWERFILE", nargs="+")
    _add_json(check)
    _add_repo(commands.add_parser("repo", help="make, list and check repositories", allow_abbrev=False))
    return parser


def parse_options(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line.

    Raises UsageError.
    """
    options = build_parser().parse_args(arguments)
    # argparse would let those after `install` replace those before it
    later = vars(options).pop("later_target", [])
    options.target = [*(options.target or ()), *later]
    return options


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON lines")


def _add_install_options(parser: argparse.ArgumentParser, *, default: str | None) -> None:
    """The options stand before or after the word `install`; there they must not undo what stood before."""
    flag = False if default is None else default
    add = parser.add_argument_group("installation").add_argument
    add("--answerfile", metavar="URL", default=default, help=ANSWERFILE_HELP)
    add("--dry-run", action="store_true", default=flag, help="show the plan, change nothing")
    add("--json", action="store_true", default=flag, help="plan, events and problems as JSON lines")
    add(
        "--target",
        dest="target" if default is None else "later_target",
        metavar="[DISK=]PATH",
        action="append", default=default,
        help="a disk-image file or block device in place of DISK (default: the primary disk); repeatable",
    )  # fmt: skip
    add("--size", metavar="SIZE", default=default, help="make missing image files of this size, such as 16G (2^30)")
    add(
        "--machine",
        metavar="FILE",
        default=default,
        help="facts of the machine instead of this one's (shipped: qemu, qemu-uefi)",
    )
    add("--record-machine", metavar="FILE", default=default, help="write the facts of this machine to FILE and end")
    add("--media", metavar="DIR", default=default, help="where the installation medium is (source type local)")
    add("--log-dir", metavar="DIR", default=default, help="where the log goes (default: ./installer-log)")
    add("--verify", action="store_true", default=flag, help="read and check every package before anything is changed")
    add("--ask-missing", action="store_true", default=flag, help="ask on screens what the answerfile leaves out")
    add("--accept-version", action="store_true", default=flag, help="install repositories of another version")


def _add_repo(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="repo_command", metavar="ACTION", required=True, parser_class=_Parser)
    build = commands.add_parser("build", help="make a repository from directories or tarballs", allow_abbrev=False)
    build.add_argument("--id", required=True, help="vendor:repository, such as xs:main")
    build.add_argument("--name", required=True, help="what a person reads")
    build.add_argument("--product", default="XenServer")
    build.add_argument("--product-version", "--version", dest="product_version", required=True, help="such as 4.0.1-1")
    build.add_argument("--output", metavar="DIR", required=True)
    build.add_argument(
        "--compress", choices=tuple(map(str, ENDINGS)), default=str(PackageType.TBZ2),
        help="the type of packages made of directories and .tar files (default: tbz2, as 4.0.1 reads it)",
    )  # fmt: skip
    build.add_argument("--sha256", action="store_true", help="state the SHA-256 of every package, beside its MD5")
    build.add_argument(
        "packages", metavar="NAME=PATH[,required|optional[,DEST]]", nargs="+",
        help="a directory, .tar, .tar.bz2 or .tar.zst that becomes the package NAME",
    )  # fmt: skip
    for name, text in (("show", "list repositories and packages"), ("verify", "check size and sums of every package")):
        command = commands.add_parser(name, help=text, allow_abbrev=False)
        command.add_argument("location", metavar="URL", help="http, https, ftp, nfs, file or a plain path")
        _add_json(command)


def location_of(text: str, where: str) -> Location:
    """Return the place that a word of the command line names. Raises UsageError, which never quotes it."""
    try:
        return location_or_file(text)
    except InvalidAnswer as error:
        raise UsageError(error.what, where=where, hint=error.hint) from None
