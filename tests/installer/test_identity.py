"""Who the machine is: marks in the answerfile's address, and headers of the request for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from installer.model.errors import InvalidAnswer, UsageError
from installer.model.host import Nic
from installer.model.identity import Identity, answerfile_location, filled, has_marks

NICS = (Nic("eth0", "52:54:00:12:34:56"), Nic("eth1", "52:54:00:12:34:57"))
RACK7 = Identity(NICS, serial="CZ 12#4", product="ProLiant", hostname="rack7", management="eth1")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://h/{mac}.xml", "http://h/52:54:00:12:34:57.xml"),
        ("http://h/a?serial={serial}&name={hostname}", "http://h/a?serial=CZ%2012%234&name=rack7"),
        ("nfs://h/{serial}", "nfs://h/CZ%2012%234"),
        ("/answers/{serial}.xml", "/answers/CZ 12#4.xml"),
        ("http://{hostname}.example/a", "http://rack7.example/a"),
        ("http://h/a", "http://h/a"),
    ],
)
def test_marks_are_filled_in(address: str, expected: str) -> None:
    assert filled(address, RACK7) == expected
    assert answerfile_location(address, RACK7).url.reveal() == expected


def test_the_first_nic_stands_in_where_none_is_known_to_be_the_management_one() -> None:
    assert [replace(RACK7, management=name).mac for name in ("", "xenbr0")] == [NICS[0].mac] * 2
    assert Identity().mac == ""


@pytest.mark.parametrize("mark", ["{}", "{MAC}", "{uuid}", "{ mac }", "{mac:x}"])
def test_an_unknown_mark_is_an_error_that_names_the_known_ones_and_quotes_nothing(mark: str) -> None:
    with pytest.raises(UsageError) as caught:
        answerfile_location(f"http://u:marked-secret@h/{mark}", RACK7)
    assert "unknown mark" in caught.value.what and "{mac}, {serial}, {hostname}" in caught.value.hint
    assert "marked-secret" not in str(caught.value)


@pytest.mark.parametrize("address", ["http://h/{{ mac }}.xml", "http://h/${mac}.xml", "http://h/{% mac %}.xml"])
def test_marks_of_other_templates_are_still_refused_as_never_filled_in(address: str) -> None:
    assert not has_marks(address)
    with pytest.raises(UsageError, match="never filled in"):
        answerfile_location(address, RACK7)


SERIALS = (
    "",
    "None",
    "To Be Filled By O.E.M.",
    "Default string",
    "0",
    "00000000",
    "System Serial Number",
    "0123456789",
)


@pytest.mark.parametrize("serial", SERIALS)
def test_a_filler_of_the_vendor_is_no_serial_number(serial: str) -> None:
    identity = replace(RACK7, serial=serial)
    with pytest.raises(InvalidAnswer, match=r"nothing to put in the place of \{serial\}"):
        filled("http://h/{serial}", identity)
    assert "X-Installer-Serial" not in identity.headers()


@pytest.mark.parametrize(
    ("mark", "identity"),
    [
        ("mac", replace(RACK7, nics=())),
        ("hostname", replace(RACK7, hostname="localhost")),
        ("hostname", Identity(NICS)),
    ],
)
def test_what_the_machine_does_not_have_is_an_error(mark: str, identity: Identity) -> None:
    with pytest.raises(InvalidAnswer, match=rf"nothing to put in the place of \{{{mark}\}}"):
        filled(f"http://h/{{{mark}}}", identity)


@pytest.mark.parametrize("name", ["../../x", "..", "a/b", "a\nb"])
def test_what_would_lead_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(InvalidAnswer, match="holds a / or the like"):
        filled("/answers/{hostname}", replace(RACK7, hostname=name))


def test_headers_tell_all_that_is_known_in_plain_ascii() -> None:
    odd = replace(RACK7, product="Modell Ä\r\nX-Evil: 1 ", hostname="")
    assert odd.headers() == {
        "X-Installer-MAC-0": "eth0 52:54:00:12:34:56",
        "X-Installer-MAC-1": "eth1 52:54:00:12:34:57",
        "X-Installer-Serial": "CZ 12#4",
        "X-Installer-Product": "Modell ???X-Evil: 1",
    }
