"""Whom an unattended run trusts: everything over HTTPS from servers with certificates of a site's own authority."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

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
