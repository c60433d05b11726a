"""Certificates to be trusted: good files, files that are none, and what errands are told of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.authorities import read_authorities, trust_authorities
from backend.errand import find, verify
from backend.sources.transport import AbsentError
from backend.sources.trust import trusted, trusting
from installer.model.errors import SourceError
from installer.model.ports import Cancel
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind
from tests.backend.small_repository import small_repository
from tests.backend.sources.web_server import (
    Authority,
    answering,
    certificate,
    dated_certificate,
    expired_certificate,
    serving_files,
)
from tests.backend.test_errand import files_below
from tests.needs import needs


@pytest.fixture(autouse=True)
def openssl() -> None:
    needs("openssl")


def place(text: str) -> Location:
    return Location(LocationKind.URL, Secret(text))


def wrong(data: bytes) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read_authorities(data, "http://server/ca.pem")
    assert caught.value.where == "http://server/ca.pem" and caught.value.hint
    return caught.value


def test_takes_the_certificates_out_of_what_stands_around_them(tmp_path: Path) -> None:
    one, other = Authority(tmp_path / "one").pem.read_bytes(), Authority(tmp_path / "other").pem.read_bytes()
    around = (
        "Our authority, façade\r\n".encode() + one.replace(b"\n", b"\r\n") + "\n# the other one: é\n".encode("latin-1")
    )
    text = read_authorities(around + other, "x")
    assert text.count("BEGIN CERTIFICATE") == 2 and "authority," not in text


def test_what_is_no_certificate_is_refused_and_said(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    good = authority.pem.read_bytes()
    assert wrong(b"").what == "there is no certificate in this file"
    assert wrong(b"<html>not found</html>").what == "there is no certificate in this file"
    assert wrong(good[:200]).what == "there is no certificate in this file"
    assert wrong(good.replace(b"MII", b"AAA", 1)).what == "the certificate in this file is damaged"
    private = wrong((tmp_path / "authority.key").read_bytes())
    assert private.what == "this is a private key, not a certificate"
    assert "DER" in wrong(b"\x30\x82\x03\x0d\x30").what


def test_authority_that_is_not_valid_now_is_refused_with_the_clock(tmp_path: Path) -> None:
    authority = ("-addext", "basicConstraints=critical,CA:TRUE")
    _, old = expired_certificate(tmp_path, "old", *authority)
    error = wrong(old.read_bytes())
    assert error.what == "the certificate expired on 2020-01-02"
    _, new = dated_certificate(tmp_path, "new", 2900, *authority)
    later = wrong(new.read_bytes())
    assert later.what == "the certificate is valid only from 2900-01-01 00:00 UTC on"
    assert "this machine's clock says" in error.hint and "this machine's clock says" in later.hint
    _, good = certificate(tmp_path, "good")
    assert read_authorities(old.read_bytes() + good.read_bytes(), "x").count("BEGIN CERTIFICATE") == 2


def test_file_that_cannot_be_had_is_told_as_what_it_is_for(tmp_path: Path) -> None:
    with trusting(), pytest.raises(AbsentError) as caught:
        trust_authorities((place(str(tmp_path / "ca.pem")),))
    assert caught.value.what.startswith("the certificate of an authority to trust cannot be read: ")
    assert caught.value.where == str(tmp_path / "ca.pem")
    assert not trusted().authorities


def test_errands_trust_whom_the_run_trusts(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    files = files_below(small_repository(tmp_path / "xs"))
    with answering(serving_files(files), tls=authority.server()) as server, trusting():
        with pytest.raises(SourceError, match="authority not known here"):
            find(place(f"https://{server}/"), None, Cancel(), 20)
        trust_authorities((place(authority.pem.as_uri()),))
        found = find(place(f"https://{server}/"), None, Cancel(), 20)
        assert [repository.id for repository in found] == ["xs:main"]
        assert verify(found, lambda progress: None, Cancel()) == ()
