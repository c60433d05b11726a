"""The manual page answerfile(5) and its notation, made from the element table as the reference page is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from installer.element_row import ElementRow
from installer.elements import ROOTS
from installer.reference import attribute_text, documented_elements, element_text

MADE = '.\\" made from installer/elements.py by `make golden`; do not edit\n'
HEAD = """\
.TH ANSWERFILE 5 "" "xenserver\\-host\\-installer" "File formats"
.SH NAME
answerfile \\- the answers of an unattended installation of a Xen host
.SH SYNOPSIS
.B installer \\-\\-answerfile
.I URL
.B install
.br
.B installer check
.I ANSWERFILE ...
.SH DESCRIPTION
An XML file with one element
.B installation
or
.BR restore .
Elements and attributes may stand in any order; white space and newlines around a text do not count.
.B installer check
looks a file over without a network, and says of every problem in which line and column it is.
.PP
An element or attribute that nobody knows is a warning with the name that was probably meant, and is ignored; a wrong
value is an error. What is marked as not built in this version yet is understood, and an error before anything is
written.
.PP
An address is http, https, ftp, nfs, file:/// or an absolute path. A file can be had for each machine from one address:
see
.BR installer (8),
.BR \\-\\-answerfile .
.SH ELEMENTS
Below each element stand its attributes, marked here by
.BR @ ,
and the elements in it, by
.BR <> .
"""
SMALLEST = """\
<installation>
  <primary-disk>sda</primary-disk>
  <keymap>us</keymap>
  <root-password>a good password</root-password>
  <source type="url">http://pxehost/XenServer_4.0.1</source>
  <admin-interface name="eth0" proto="dhcp"/>
  <timezone>Europe/London</timezone>
</installation>"""
OVER_A_HOST = """\
<installation mode="reinstall">
  <existing-installation>sda</existing-installation>
  <source type="url">http://pxehost/XenServer_4.0.1</source>
</installation>"""
BY_RULE = """\
<installation>
  <primary-disk pick="smallest" min-size="30 GB" gueststorage="no"/>
  <guest-disk pick="largest"/>
  <keymap>us</keymap>
  <root-password type="hash">!!</root-password>
  <source type="url">http://pxehost/XenServer_4.0.1</source>
  <bond name="bond0" mode="lacp" members="eth0,eth1"/>
  <admin-interface name="bond0" proto="static" vlan="7">
    <ip>192.168.7.10</ip>
    <subnet-mask>255.255.255.0</subnet-mask>
    <gateway>192.168.7.1</gateway>
  </admin-interface>
  <timezone>Europe/London</timezone>
  <ntp-server>ntp.example.com</ntp-server>
  <nameserver>192.168.7.1</nameserver>
</installation>"""
EXAMPLES = (
    ("A new host:", SMALLEST),
    ("Disks by their size, two interfaces as one with a fixed address, a password asked at the first boot:", BY_RULE),
    ("Over an installed host, which keeps its virtual machines, its identity and its settings:", OVER_A_HOST),
    ("The backup of a control domain put back:", "<restore>\n  <backup-disk>sda</backup-disk>\n</restore>"),
)
TAIL = """\
.SH FILES
.TP
.I /root/installer\\-answerfile.xml
On the installed host, for root only: the answers that make it again, after unattended installations too. The root
password is hashed, disks are named by their by\\-id links and interfaces by their MAC addresses.
.TP
.I docs/answerfile.rng
The same elements as a RELAX NG schema, with which an editor completes names and marks mistakes. It takes a name that it
does not know for a mistake, where the installer warns.
.SH SEE ALSO
.BR installer (8),
.IR docs/answerfile.md ,
.I docs/troubleshooting.md
"""


def answerfile_manual() -> str:
    """Return the whole page: a section for every element, with its attributes, children and examples."""
    sections = (line for row in documented_elements() for line in _section(row))
    examples = (line for what, text in EXAMPLES for line in (".PP", roff(what), *_example(text)))
    return MADE + HEAD + "\n".join([*sections, ".SH EXAMPLES", *examples]) + "\n" + TAIL


def roff(text: str) -> str:
    """Return a text of the tables as roff: `words` and **words** bold, all else as it stands (groff_char(7))."""
    safe = text.strip().replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("^", "\\(ha")
    safe = re.sub(r"[^\x00-\x7f]", lambda found: f"\\[u{ord(found[0]):04X}]", safe)
    bold = re.sub(r"`([^`]+)`|\*\*([^*]+)\*\*", lambda found: f"\\fB{found[1] or found[2]}\\fR", safe)
    return f"\\&{bold}" if bold.startswith(".") else bold


def _section(row: ElementRow) -> Iterator[str]:
    yield from (f".SS {roff(row.name)}", roff(element_text(row)))
    yield from (".RS", *_example(row.example), ".RE")
    for attribute in row.attributes:
        yield from _item(f"@{attribute.name}", attribute_text(attribute))
    for child in () if row in ROOTS else row.children:
        yield from _item(f"<{child.name}>", element_text(child))
        yield from _example(child.example)


def _item(name: str, meaning: str) -> Iterator[str]:
    yield from (".TP", f".B {roff(name)}", roff(meaning))


def _example(text: str) -> Iterator[str]:
    yield from (".PP" if "\n" in text else ".br", ".nf", *map(_as_typed, text.splitlines()), ".fi")


def _as_typed(line: str) -> str:
    """Return a line that keeps its blanks and its signs."""
    blanks = len(line) - len(line.lstrip())
    return " " * blanks + roff(line).replace("\\fB", "`").replace("\\fR", "`")
