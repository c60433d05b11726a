"""The reference of the answerfile as Markdown, made from the element table."""

from __future__ import annotations

from collections.abc import Iterator

from installer.element_row import AttributeRow, ElementRow
from installer.elements import RESTORE, ROOT, ROOTS
from installer.model.wishes import Mode

HEAD = """\
# The answerfile

An XML file with one element `installation`. Elements and attributes may stand in any order; white space and
newlines around a text do not count. `installer check FILE` looks a file over without a network, and says of every
problem in which line and column it is.

- What is marked as not built in this version yet is understood, and an error before anything is written.
- An element or attribute that nobody knows is a warning with the name that was probably meant, and is ignored; a wrong
  value is an error.
- The installed host keeps the answerfile that makes it again in `/root/installer-answerfile.xml`, after unattended
  installations too: the root password hashed, disks by their by-id links, interfaces by their MAC addresses.

## In an editor
`docs/answerfile.rng` is a RELAX NG schema of the same table. With it an editor completes names and marks mistakes:

- Emacs (nxml-mode): `C-c C-s C-f docs/answerfile.rng`
- VS Code with the XML extension: in its settings
  `"xml.fileAssociations": [{"pattern": "**/*answer*.xml", "systemId": "docs/answerfile.rng"}]`
- at the prompt: `xmllint --noout --relaxng docs/answerfile.rng FILE`

The schema is stricter than the installer in one point: a name that it does not know is a mistake, for the installer a
warning. What a schema cannot say, such as a gateway outside its network or a time zone that does not exist, only
`installer check` sees.

<!-- made from installer/elements.py by `make golden`; do not edit -->
"""


def answerfile_reference() -> str:
    """Return the whole page: a section for every element, with its attributes, children and an example."""
    return HEAD + "\n" + "\n".join("\n".join(_section(row)) for row in documented_elements())


def documented_elements() -> tuple[ElementRow, ...]:
    """Return the elements in the order of the pages, each once."""
    return (ROOT, *ROOT.children, RESTORE, *(row for row in RESTORE.children if row not in ROOT.children))


def _section(row: ElementRow) -> Iterator[str]:
    yield f"## {row.name}"
    yield f"{element_text(row)}\n"
    yield f"```xml\n{row.example}\n```\n"
    names = [(f"@{attribute.name}", attribute_text(attribute)) for attribute in row.attributes]
    if row not in ROOTS:
        names += [(f"<{child.name}>", f"{element_text(child)} As in `{child.example}`.") for child in row.children]
    if names:
        yield "| attribute or child | meaning |\n|---|---|"
        yield from (f"| `{name}` | {meaning} |" for name, meaning in names)
        yield ""


def element_text(row: ElementRow) -> str:
    """Return what an element means, and where it must or may stand; words and names in Markdown."""
    words = [row.help]
    if Mode.FRESH in row.required_in:
        words.append("**Required.**")
    elif row.required_in:
        words.append(f"Required with mode {' and '.join(row.required_in)}.")
    if row.repeatable:
        words.append("May stand several times.")
    return " ".join(words) + _aliases(row.aliases) + (f" May stand in `{row.wrapper}`." if row.wrapper else "")


def _aliases(names: tuple[str, ...]) -> str:
    return f" Also spelt {', '.join(f'`{name}`' for name in names)}." if names else ""


def attribute_text(row: AttributeRow) -> str:
    """Return what an attribute means, and the values that it takes; words and names in Markdown."""
    words = [row.help]
    if row.values or row.form:
        words.append(" or ".join(f"`{value}`" for value in row.values) or row.form)
    if row.default:
        words.append(f"default `{row.default}`")
    if row.required:
        words.append("required")
    if row.aliases:
        words.append(f"also spelt `{', '.join(row.aliases)}`")
    return "; ".join(words)
