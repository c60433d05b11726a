"""TLS servers with good and bad certificates: each fault is explained, and nothing is read without verification."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.sources.http import HttpTransport
from backend.sources.transport import UnreachableError
from backend.sources.trust import Trusted, trust, trusted, trusting
from installer.model.errors import SourceError
from tests.backend.sources.test_http import BODY, LIMIT, QUICK, failing, redirecting
from tests.backend.sources.web_server import (
    Authority,
    answering,
    certificate,
    dated_certificate,
    expired_certificate,
    serving_files,
)
from tests.needs import needs

ADDRESS = ("-addext", "subjectAltName=IP:127.0.0.1")
FILES = serving_files({"/xs/file": BODY})


@pytest.fixture(autouse=True)
def openssl() -> None:
    needs("openssl")


def pem(path: Path) -> Trusted:
    return Trusted((re.sub(r"\A.*?(?=-----BEGIN)", "", path.read_text(encoding="ascii"), flags=re.DOTALL),))


def read(url: str) -> bytes:
    return HttpTransport(url, limits=QUICK).read_file("file", LIMIT)


def test_server_whose_own_certificate_is_trusted(tmp_path: Path) -> None:
    context, path = certificate(tmp_path, "good", *ADDRESS)
    with answering(FILES, tls=context) as server, trusting(pem(path)):
        assert read(f"https://{server}/xs") == BODY


def test_server_of_an_authority_that_is_trusted_and_of_another_one(tmp_path: Path) -> None:
    ours, theirs = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    with answering(FILES, tls=ours.server()) as server, answering(FILES, tls=theirs.server()) as other:
        with trusting(pem(ours.pem)):
            assert read(f"https://{server}/xs") == BODY
            error = failing(f"https://{other}/xs")
            trust(pem(theirs.pem))
            assert read(f"https://{other}/xs") == BODY
        assert "authority not known here" in failing(f"https://{server}/xs").what
    assert error.what == f"the certificate of {other} is signed by an authority not known here"
    assert all(way in error.hint for way in ("<ca-certificate>", "--ca", "ca="))
    assert trusted() == Trusted()


def test_authority_between_is_enough(tmp_path: Path) -> None:
    """A site that trusts one department's authority need not trust who has signed that one."""
    root, between = Authority(tmp_path / "root"), Authority(tmp_path / "between")
    signer = ("-CA", str(root.pem), "-CAkey", str(root.directory / "authority.key"))
    certificate(between.directory, "authority", *signer)
    with answering(FILES, tls=between.server()) as server, trusting(pem(between.pem)):
        assert read(f"https://{server}/xs") == BODY


def test_systems_own_authorities_stay_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system, ours = Authority(tmp_path / "system"), Authority(tmp_path / "ours")
    monkeypatch.setattr("backend.sources.trust.SYSTEM_CERTIFICATES", str(system.pem))
    with answering(FILES, tls=system.server()) as server, trusting(pem(ours.pem)):
        assert read(f"https://{server}/xs") == BODY


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (certificate, ("-addext", "subjectAltName=DNS:elsewhere"), "is made out to another name"),
        (expired_certificate, ADDRESS, "has expired"),
        (lambda path, name, *options: dated_certificate(path, name, 2900, *options), ADDRESS, "is not valid yet"),
    ],
    ids=["other name", "expired", "not yet valid"],
)
def test_certificate_errors_are_explained(
    tmp_path: Path, make: Callable[..., tuple[object, Path]], options: tuple[str, ...], message: str
) -> None:
    context, path = make(tmp_path, "bad", *options)
    with answering(serving_files({}), tls=context) as server, trusting(pem(path)):  # type: ignore[arg-type]  # a context
        error = failing(f"https://{server}/xs")
    assert error.what == f"the certificate of {server} {message}"
    assert isinstance(error, UnreachableError)
    clock = re.search(r"this machine's clock says 20\d\d-\d\d-\d\d \d\d:\d\d UTC: is it right\?", error.hint)
    assert bool(clock) == (message != "is made out to another name")


def test_self_signed_certificate(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path, "bad", *ADDRESS)
    with answering(serving_files({}), tls=context) as server:
        error = failing(f"https://{server}/xs")
    assert error.what == f"the certificate of {server} is signed by itself, not by an authority known here"
    assert error.hint


def test_tls_asked_of_a_server_without() -> None:
    with answering(serving_files({})) as server:
        error = failing(f"https://{server}/xs")
    assert error.what == f"{server} does not speak TLS"
    assert "http://" in error.hint


def test_redirect_from_https_to_http_is_not_followed(tmp_path: Path) -> None:
    context, path = certificate(tmp_path, "good", *ADDRESS)
    with answering(redirecting("http://127.0.0.1/x"), tls=context) as server, trusting(pem(path)):
        error = failing(f"https://{server}/xs")
    assert "redirects from https:// to http://" in error.what


def test_redirect_to_a_server_that_is_not_trusted_is_refused(tmp_path: Path) -> None:
    ours, theirs = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    with answering(FILES, tls=theirs.server()) as other:
        leading = redirecting(f"https://{other}/xs/file")
        with (
            answering(leading, tls=ours.server()) as server,
            trusting(pem(ours.pem)),
            pytest.raises(SourceError) as got,
        ):
            read(f"https://{server}/xs")
    assert f"the certificate of {other} is signed by an authority not known here" in got.value.what
