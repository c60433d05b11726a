"""The answers as they are kept: with names that stay true when the machine starts again, and without the password."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

from installer.answerfile import write_answerfile
from installer.model import rules
from installer.model.answers import Answers
from installer.model.disk_links import stable_links
from installer.model.errors import InvalidAnswer
from installer.model.host import Host
from installer.model.password_hash import hashed
from installer.model.secret import Secret


def kept_answers(hide: Callable[[Secret], None]) -> Callable[[Answers, Host], tuple[Answers, Secret]]:
    """Return what gives the answers as they are run and kept, with a salt of chance; `hide` hears of the hash."""

    def keep(answers: Answers, host: Host) -> tuple[Answers, Secret]:
        kept = reproducing_answerfile(answers, host, salt=secrets.token_hex(8))
        hide(kept[0].root_password.text)
        return kept

    return keep


def reproducing_answerfile(answers: Answers, host: Host, salt: str) -> tuple[Answers, Secret]:
    """Return the answers with the password hashed, and the text of the answerfile that makes the same plan again.

    In it disks have their by-id links and network interfaces their MAC addresses, where the machine knows them.
    The text is a Secret: the hash and the sources' credentials stand in it.
    """
    answers = replace(answers, root_password=hashed(answers.root_password, salt))
    disks, interface = answers.disks, answers.interface
    stable = replace(
        disks,
        primary=tuple(_stable_disk(name, host) for name in disks.primary),
        guest=tuple(dict.fromkeys(_stable_disk(name, host) for name in disks.guest)),
    )
    existing = answers.existing
    if existing and existing.disk:
        existing = replace(existing, disk=_stable_disk(existing.disk, host))
    nic = host.nic(interface.name) if interface.name else None
    named = replace(interface, name=None, mac=nic.mac) if nic else interface
    bonds = tuple(
        replace(bond, members=tuple(_stable_nic(name, host) for name in bond.members)) for bond in answers.bonds
    )
    lasting = replace(answers, disks=stable, interface=named, bonds=bonds, existing=existing)
    return answers, Secret(write_answerfile(lasting.draft()))


def _stable_nic(name: str, host: Host) -> str:
    nic = host.nic(name)
    return nic.mac if nic and nic.mac else name


def _stable_disk(name: str, host: Host) -> str:
    disk = host.disk(name)
    for link in stable_links(disk) if disk else ():
        try:
            return rules.disk_name(link)
        except InvalidAnswer:  # udev may make links that no rule takes
            continue
    return name
