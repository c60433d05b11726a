"""What the answers hold of secrets, for the net that keeps them out of what programs and scripts print."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from installer.model.answers import Answers, Draft
from installer.model.secret import Secret
from installer.model.source import Location

# a shorter word, such as `guest` of some FTP servers, is no secret, and would make holes in every text
SHORTEST_IN_ADDRESS = 6


def known_secrets(answers: Answers | Draft) -> Iterator[Secret]:
    """Yield the password or hash of root, and of every address its password and query, as written and as meant."""
    if answers.root_password:
        yield answers.root_password.text
    trust = answers.trust
    places = (
        *(answers.sources or ()),
        *answers.driver_sources,
        *(script.location for script in answers.scripts or ()),
        *trust.ca_certificates,
        *trust.repository_keys,
        answers.post_install_script,
        trust.report,
    )
    for place in places:
        if place:
            yield from _of_address(place)


def _of_address(place: Location) -> Iterator[Secret]:
    rest = place.url.reveal().partition("://")[2]
    address, _, query = rest.partition("?")
    login = address.rpartition("@")[0]
    for text in (login.partition(":")[2], query):
        for secret in dict.fromkeys((text, unquote(text))):
            if len(secret) >= SHORTEST_IN_ADDRESS:
                yield Secret(secret)
