"""Whether an unattended installation needs the network, where the answerfile itself does not come over it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from installer.kernel_network import ALL, DHCP, network_arguments
from installer.kernel_words import NETWORKED, KernelWords
from installer.model.answers import Draft
from installer.model.identity import has_marks
from installer.model.source import Location

EVERY = network_arguments(ALL, DHCP)
LOCAL_FILE = re.compile(r"(?:(file:)//(?:localhost)?)?(/.*)", re.IGNORECASE | re.DOTALL)


def network_wanted(words: KernelWords) -> tuple[str, ...]:
    """Return what to bring up: what the words say, or every NIC when answers from a local file name an address.

    So do marks in the file's name, as which NIC is meant shows only then.
    Answers that cannot be read want none: the installer says what is wrong with them.
    """
    match = LOCAL_FILE.fullmatch(words.answerfile.reveal()) if words.answerfile else None
    if words.network or not match:
        return words.network
    from installer.answerfile import read_answerfile  # most starts of the image need none of it

    if has_marks(match[2]):  # which file is meant may hang on the network
        return EVERY
    path = unquote(match[2]) if match[1] else match[2]
    try:
        draft, _ = read_answerfile(Path(path).read_bytes(), path)
    except (OSError, ValueError):
        return ()
    return EVERY if any(NETWORKED.fullmatch(place.url.reveal()) for place in _places(draft)) else ()


def _places(draft: Draft) -> Iterator[Location]:
    """Give every address that an installation reads or writes."""
    yield from draft.sources or ()
    yield from draft.driver_sources
    yield from (script.location for script in draft.scripts)
    yield from (*draft.trust.ca_certificates, *draft.trust.repository_keys)
    yield from (place for place in (draft.post_install_script, draft.trust.report) if place)
