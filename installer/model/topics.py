"""What the screens ask for, topic by topic, and which topics a Draft leaves open (`--ask-missing`, spec R33)."""

from __future__ import annotations

from enum import StrEnum

from installer.model.answers import PRESERVING, Draft


class Topic(StrEnum):
    """One thing to be asked; the same stem as the screen's module and the order of the screens."""

    KEYMAP = "keymap"
    DISKS = "disks"
    SOURCE = "source"
    PASSWORD = "password"
    TIMEZONE = "timezone"
    NTP = "ntp"
    NETWORK = "network"
    DNS = "dns"


def missing_topics(draft: Draft) -> tuple[Topic, ...]:
    """Return the topics that nobody has answered yet, in the order in which they are asked.

    A topic with a default is missing as well when nothing was said of it: who asks for what is missing wants to
    choose. Time servers and names come by DHCP unless the address is static: only then they are asked for.
    """
    return tuple(topic for topic in Topic if _is_open(draft, topic))


def _is_open(draft: Draft, topic: Topic) -> bool:
    if draft.mode in PRESERVING:  # the host that is kept answers everything else
        return topic is Topic.SOURCE and draft.sources is None
    static = draft.interface is not None and draft.interface.static is not None
    answers: dict[Topic, object] = {
        Topic.KEYMAP: draft.keymap,
        Topic.DISKS: draft.disks,
        Topic.SOURCE: draft.sources,
        Topic.PASSWORD: draft.root_password,
        Topic.TIMEZONE: draft.timezone,
        Topic.NETWORK: draft.interface,
        Topic.DNS: draft.naming if static else True,
        Topic.NTP: (draft.ntp_servers or draft.time_method or None) if static else True,
    }
    return answers[topic] is None
