"""How keymap, password, sources, packages, scripts and time are read into a Reading and written from a Draft."""

from __future__ import annotations

from collections.abc import Iterator

from installer.answerfile_lines import add, append, append_text, read_location, written, written_location
from installer.answerfile_reading import Reading
from installer.answerfile_xml import Element
from installer.model import rules
from installer.model.answers import Draft, PasswordKind
from installer.model.source import LOCAL_MEDIA
from installer.model.wishes import OnFailure, Script, Stage


def read_keymap(reading: Reading, element: Element) -> None:
    """Take the keymap's name; whether it exists is not known here."""
    reading.found.keymap = reading.text(rules.keymap, element, "keymap")


def write_keymap(draft: Draft) -> Iterator[str]:
    """Give the keymap."""
    if draft.keymap is not None:
        yield written("keymap", draft.keymap)


def read_root_password(reading: Reading, element: Element) -> None:
    """Take the password or hash, and warn of one that is weak or was probably not meant so."""
    kind = element.get("type", PasswordKind.PLAINTEXT)
    if kind not in tuple(PasswordKind):
        return
    rule = rules.root_password if kind == PasswordKind.PLAINTEXT else rules.root_password_hash
    password = reading.text(rule, element, "root_password")
    reading.found.root_password = password
    if password is None:
        return
    place = element.text_position
    if rules.looks_like_hash(password):
        message = "the root password looks like a hash, but is taken as it stands"
        reading.warn(place, message, 'a hash takes type="hash"')
    elif rules.is_short(password):
        reading.warn(place, f"the root password has fewer than {rules.SHORT_PASSWORD} characters")
    padding = element.raw.partition(element.text)
    if (padding[0] or padding[2]) and "\n" not in padding[0] + padding[2]:
        reading.warn(place, "blanks around the root password are not part of it", "leave them out")


def write_root_password(draft: Draft) -> Iterator[str]:
    """Give the password as the Draft holds it."""
    if draft.root_password:
        yield written("root-password", draft.root_password.text.reveal(), type=draft.root_password.kind.value)


def read_source(reading: Reading, element: Element) -> None:
    """Add the place of the repositories."""
    known = reading.found.sources
    location = read_location(reading, element, f"sources.{len(known)}")
    if location in known and location != LOCAL_MEDIA:  # a second one stands for a second disc
        reading.warn(element.position, f"<{element.name}> names the same place a second time", "one is enough")
    elif location is not None:
        known.append(location)


def write_source(draft: Draft) -> Iterator[str]:
    """Give one line per place."""
    for location in draft.sources or ():
        yield written_location("source", location)


def read_driver_source(reading: Reading, element: Element) -> None:
    """Add the place of a repository of drivers."""
    location = read_location(reading, element, f"driver_sources.{len(reading.found.driver_sources)}")
    if location is not None:
        reading.found.driver_sources.append(location)


def write_driver_source(draft: Draft) -> Iterator[str]:
    """Give one line per place."""
    for location in draft.driver_sources:
        yield written_location("driver-source", location)


def read_post_install_script(reading: Reading, element: Element) -> None:
    """Take the place of the script."""
    reading.found.post_install_script = read_location(reading, element, "post_install_script")


def write_post_install_script(draft: Draft) -> Iterator[str]:
    """Give the place of the script."""
    if draft.post_install_script:
        yield written_location("post-install-script", draft.post_install_script)


def read_script(reading: Reading, element: Element) -> None:
    """Add a script of a stage."""
    known = reading.found.scripts
    location = read_location(reading, element, f"scripts.{len(known)}")
    stage, on_failure = element.get("stage"), element.get("on-failure", OnFailure.CONTINUE)
    if location is not None and stage in tuple(Stage) and on_failure in tuple(OnFailure):
        add(reading, Script(Stage(stage), location, OnFailure(on_failure)), known, "scripts", element.position)


def write_script(draft: Draft) -> Iterator[str]:
    """Give one line per script, in their order."""
    for script in draft.scripts:
        how = {"stage": script.stage.value, "on_failure": script.on_failure.value}
        yield written_location("script", script.location, **how)


def read_skip_package(reading: Reading, element: Element) -> None:
    """Add a package to be left out."""
    append(reading, element, rules.package_name, reading.found.skipped_packages, "skipped_packages")


def write_skip_package(draft: Draft) -> Iterator[str]:
    """Give one line per package to be left out."""
    for name in draft.skipped_packages:
        yield written("skip-package", name)


def read_timezone(reading: Reading, element: Element) -> None:
    """Take the time zone."""
    reading.found.timezone = reading.text(rules.timezone, element, "timezone")


def write_timezone(draft: Draft) -> Iterator[str]:
    """Give the time zone."""
    if draft.timezone is not None:
        yield written("timezone", draft.timezone)


def read_time_method(reading: Reading, element: Element) -> None:
    """Take where the time comes from."""
    reading.found.time_method = reading.text(rules.time_method, element, "time_method")


def write_time_method(draft: Draft) -> Iterator[str]:
    """Give where the time comes from."""
    if draft.time_method is not None:
        yield written("time-config-method", draft.time_method.value)


def read_ntp_server(reading: Reading, element: Element) -> None:
    """Add a time server, or several in a list."""
    for text in reading.value(rules.split_list, element.text, element.text_position) or ():
        append_text(reading, element, text, rules.ntp_server, reading.found.ntp_servers, "ntp_servers")


def write_ntp_server(draft: Draft) -> Iterator[str]:
    """Give one line per server."""
    for server in draft.ntp_servers:
        yield written("ntp-server", server)
