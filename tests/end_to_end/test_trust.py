"""Whom a run trusts: servers with certificates of a site's own authority, and repositories that were signed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.backend.signing import Keys, keys_in
from tests.backend.small_repository import small_repository
from tests.backend.sources.web_server import Authority, answering, serving_files
from tests.backend.test_errand import files_below
from tests.end_to_end.command import answerfile, installer
from tests.end_to_end.disk_image import partitions, read_file
from tests.needs import needs

SCRIPT = b'#!/bin/sh\necho from afar > "$1/root/marker"\n'
MARKED = "marked-secret-user:marked-secret-word"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    needs("openssl")
    return Authority(tmp_path / "authority")


@contextmanager
def site(tmp_path: Path, authority: Authority, more: Callable[[str], str]) -> Iterator[str]:
    """Serve answers, script and repository over TLS; `more` makes further answers of the server's address."""
    files = files_below(small_repository(tmp_path / "repository"))
    with answering(serving_files(files), tls=authority.server()) as server:
        base = f"https://{MARKED}@{server}"
        script = f'<post-install-script type="url">{base}/post</post-install-script>'
        files["/post"] = SCRIPT
        files["/a.xml"] = answerfile(base, more=script + more(base)).encode()
        yield base


@pytest.mark.root
def test_everything_comes_from_a_server_of_the_sites_own_authority(tmp_path: Path, authority: Authority) -> None:
    with site(tmp_path, authority, lambda base: "") as base:
        words = ("--ca", str(authority.pem), "--answerfile", f"{base}/a.xml", "--target", "disk.img", "--size", "16G")
        outcome = installer(*words, "install", cwd=tmp_path)
        assert outcome.code == 0, outcome.text
        assert installer("repo", "verify", "--ca", str(authority.pem), base, cwd=tmp_path).code == 0
    assert read_file(tmp_path / "disk.img", partitions(tmp_path / "disk.img")[0], "root/marker") == "from afar\n"
    log = (tmp_path / "installer-log" / "install.log").read_text(encoding="utf-8")
    assert "marked-secret" not in outcome.text + log


def test_answers_name_the_authority_for_what_is_read_after_them(tmp_path: Path, authority: Authority) -> None:
    pem = f"<ca-certificate>{authority.pem}</ca-certificate>"
    with site(tmp_path, authority, lambda base: pem) as base:
        answers = answerfile(base, more=pem)
        (tmp_path / "answers.xml").write_text(answers, encoding="ascii")
        outcome = installer("--answerfile", "answers.xml", "--machine", "qemu", "--dry-run", "install", cwd=tmp_path)
        assert outcome.code == 0 and "Nothing was changed." in outcome.out, outcome.text
        (tmp_path / "answers.xml").write_text(answers.replace(pem, ""), encoding="ascii")
        without = installer("--answerfile", "answers.xml", "--machine", "qemu", "--dry-run", "install", cwd=tmp_path)
    assert without.code == 1 and "signed by an authority not known here" in without.err
    assert "<ca-certificate>" in without.err and "Nothing was changed." in without.err


@pytest.mark.parametrize("content", [None, b"nothing of the kind"], ids=["absent", "no certificate"])
@pytest.mark.parametrize("by_answers", [False, True], ids=["option", "answers"])
def test_certificate_that_is_none_ends_the_run_before_anything_is_written(
    tmp_path: Path, content: bytes | None, by_answers: bool
) -> None:
    repository = small_repository(tmp_path / "repository")
    pem = tmp_path / "ca.pem"
    if content is not None:
        pem.write_bytes(content)
    more = f"<ca-certificate>{pem}</ca-certificate>" if by_answers else ""
    (tmp_path / "answers.xml").write_text(answerfile(str(repository), more=more), encoding="ascii")
    words = () if by_answers else ("--ca", str(pem))
    run = ("--dry-run",) if os.geteuid() else ("--target", "disk.img", "--size", "16G")
    outcome = installer(*words, "--answerfile", "answers.xml", *run, "install", cwd=tmp_path)
    what = "there is no certificate in this file" if content else "certificate of an authority to trust cannot be read"
    assert outcome.code == 1 and what in outcome.err and str(pem) in outcome.err, outcome.text
    assert "Nothing was changed." in outcome.err
    assert not (tmp_path / "disk.img").exists()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    with keys_in(tmp_path_factory.mktemp("g")) as found:
        yield found


@pytest.fixture
def signed(tmp_path: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that `repo build --sign` has made; its key is at key.asc."""
    monkeypatch.setenv("GNUPGHOME", str(keys.home))
    key = keys.make(f"{tmp_path.name}@example.com")
    (tmp_path / "key.asc").write_bytes(keys.public(key))
    small = small_repository(tmp_path / "small") / "packages.main"
    packages = [f"{name}={small / name}.tar.bz2" for name in ("dom0fs", "kernel")]
    about = ("--id", "xs:main", "--name", "Signed", "--version", "4.0.1-1", "--output", "signed")
    outcome = installer("repo", "build", *about, "--sign", key, *packages, cwd=tmp_path)
    assert outcome.code == 0, outcome.text
    return tmp_path / "signed"


def test_what_repo_build_signs_repo_verify_checks(tmp_path: Path, keys: Keys, signed: Path) -> None:
    good = installer("repo", "verify", "--key", "key.asc", "signed", cwd=tmp_path)
    assert good.code == 0 and "signed by " in good.out and "SHA-256" in good.out, good.text
    (tmp_path / "other.asc").write_bytes(keys.public(keys.make("other@example.com")))
    other = installer("repo", "verify", "--key", "other.asc", "signed", cwd=tmp_path)
    assert other.code == 1 and "another key than those required" in other.err
    packages = signed / "XS-PACKAGES"
    packages.write_text(packages.read_text(encoding="ascii").replace(" required ", " optional "), encoding="ascii")
    changed = installer("repo", "verify", "--key", "key.asc", "signed", cwd=tmp_path)
    assert changed.code == 1 and "not as it was signed" in changed.err


def test_repository_made_anew_without_a_key_has_no_old_signature(tmp_path: Path, signed: Path) -> None:
    about = ("--id", "xs:main", "--name", "Plain", "--version", "4.0.1-1", "--output", "signed")
    assert installer("repo", "build", *about, "dom0fs=small/packages.main/dom0fs.tar.bz2", cwd=tmp_path).code == 0
    assert sorted(path.name for path in signed.iterdir()) == ["XS-PACKAGES", "XS-REPOSITORY", "dom0fs.tar.bz2"]
    unsigned = installer("repo", "verify", "--key", "key.asc", "signed", cwd=tmp_path)
    assert unsigned.code == 1 and "the repository is not signed" in unsigned.err


def test_key_that_gpg_does_not_have_is_told_before_anything_is_packed(tmp_path: Path, signed: Path) -> None:
    about = ("--id", "xs:main", "--name", "x", "--version", "4.0.1-1", "--output", "new")
    outcome = installer(
        "repo", "build", *about, "--sign", "nobody@x", "dom0fs=small/packages.main/dom0fs.tar.bz2", cwd=tmp_path
    )
    assert outcome.code == 2 and "--sign nobody@x" in outcome.err and not (tmp_path / "new").exists()
    assert "packing" not in outcome.text


@pytest.mark.root
@pytest.mark.parametrize("by_answers", [False, True], ids=["option", "answers"])
def test_signed_repository_is_installed_and_an_unsigned_one_refused(
    tmp_path: Path, signed: Path, by_answers: bool
) -> None:
    more = f"<repository-key>{tmp_path / 'key.asc'}</repository-key>" if by_answers else ""
    by_option = () if by_answers else ("--key", "key.asc")
    words = (*by_option, "--answerfile", "a.xml", "--target", "disk.img", "--size", "16G", "install")
    (tmp_path / "a.xml").write_text(answerfile(str(tmp_path / "small"), more=more), encoding="ascii")
    refused = installer(*words, cwd=tmp_path)
    assert refused.code == 1 and "the repository is not signed" in refused.err, refused.text
    assert "Nothing was changed." in refused.err and not (tmp_path / "disk.img").exists()
    (tmp_path / "a.xml").write_text(answerfile(str(signed), more=more), encoding="ascii")
    outcome = installer(*words, cwd=tmp_path)
    assert outcome.code == 0, outcome.text
