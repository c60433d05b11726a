"""How ssh, certificates, keys and the place for reports are read and written."""

from __future__ import annotations

from collections.abc import Iterator

from installer.answerfile_lines import append, written
from installer.answerfile_reading import Reading
from installer.answerfile_xml import Element
from installer.model import rules
from installer.model.answers import Draft


def read_ssh(reading: Reading, element: Element) -> None:
    """Take whether the host has an ssh server."""
    reading.found.ssh = reading.text(rules.on_off, element, "access.ssh")


def write_ssh(draft: Draft) -> Iterator[str]:
    """Give whether the host has an ssh server."""
    if draft.access.ssh is not None:
        yield written("ssh", "on" if draft.access.ssh else "off")


def read_ssh_key(reading: Reading, element: Element) -> None:
    """Add a public key of root's."""
    append(reading, element, rules.ssh_key, reading.found.ssh_keys, "access.ssh_keys")


def write_ssh_key(draft: Draft) -> Iterator[str]:
    """Give one line per key."""
    for key in draft.access.ssh_keys:
        yield written("ssh-key", key)


def read_ca_certificate(reading: Reading, element: Element) -> None:
    """Add the place of a certificate."""
    append(reading, element, rules.location, reading.found.ca_certificates, "trust.ca_certificates")


def write_ca_certificate(draft: Draft) -> Iterator[str]:
    """Give one line per certificate."""
    for location in draft.trust.ca_certificates:
        yield written("ca-certificate", location.url.reveal())


def read_repository_key(reading: Reading, element: Element) -> None:
    """Add the place of a key."""
    append(reading, element, rules.location, reading.found.repository_keys, "trust.repository_keys")


def write_repository_key(draft: Draft) -> Iterator[str]:
    """Give one line per key."""
    for location in draft.trust.repository_keys:
        yield written("repository-key", location.url.reveal())


def read_report(reading: Reading, element: Element) -> None:
    """Take the place for reports."""
    reading.found.report = reading.text(rules.report_location, element, "trust.report")


def write_report(draft: Draft) -> Iterator[str]:
    """Give the place for reports."""
    if draft.trust.report:
        yield written("report", draft.trust.report.url.reveal())
