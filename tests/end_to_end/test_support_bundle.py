"""An unattended run that fails says why, leaves a bundle for support without any secret, and names it."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from installer.answerfile import read_answerfile
from installer.model.machine_file import load_host
from tests.backend.small_repository import ROOT_FILES, tarball, write_repository
from tests.end_to_end.command import PASSWORD, answerfile, installer
from tests.end_to_end.web_server import serving

pytestmark = pytest.mark.root
RUN = ("--answerfile", "answers.xml", "--target", "disk.img", "--size", "16G")
SECRETS = ("marked-secret", "marked-user", "marked-query")


def _prepare(tmp_path: Path, base: str, **replaced: str) -> None:
    """Write a repository whose package has another MD5, at an address with name, password and key."""
    main = write_repository(tmp_path / "repository" / "packages.main", {"dom0fs": tarball(ROOT_FILES)})
    words = (main / "XS-PACKAGES").read_text(encoding="ascii").split()
    (main / "XS-PACKAGES").write_text(" ".join([*words[:2], "0" * 32, *words[3:]]) + "\n", encoding="ascii")
    url = base.replace("//", "//marked-user:marked-secret-url@") + "repository?key=marked-query"
    comment = f"<!-- the password is {PASSWORD} -->"
    (tmp_path / "answers.xml").write_text(answerfile(url, more=comment, **replaced), encoding="utf-8")


def _bundle(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """Return the only bundle and its texts by name."""
    (path,) = (tmp_path / "installer-log").glob("installer-support-*.tar.gz")
    with tarfile.open(path) as archive:
        members = archive.getmembers()
        assert all(member.isfile() and member.mode == 0o600 for member in members)
        texts = {
            Path(member.name).name: stream.read().decode()
            for member in members
            if (stream := archive.extractfile(member))
        }
    assert not [secret for secret in SECRETS if any(secret in text for text in texts.values())]
    return path, texts


def test_failing_run_leaves_a_bundle_without_secrets_and_names_it(tmp_path: Path) -> None:
    with serving(tmp_path) as base:
        _prepare(tmp_path, base)
        outcome = installer(*RUN, "install", cwd=tmp_path)
    assert outcome.code == 1, outcome.text
    path, texts = _bundle(tmp_path)
    assert str(path.relative_to(tmp_path)) in outcome.err and "Failed at step" in outcome.out
    assert not [secret for secret in SECRETS if secret in outcome.text]
    assert path.stat().st_mode & 0o777 == 0o600
    assert "has the MD5" in texts["failure.txt"] and "exit code 1" in texts["failure.txt"]
    assert "losetup" in texts["install.log"] and "install dom0fs" in texts["plan.txt"]
    assert load_host(texts["machine.json"], "machine.json").disks
    draft, problems = read_answerfile(texts["answerfile.xml"].encode(), "answerfile.xml")
    assert draft.timezone == "Europe/London" and "***@127.0.0.1" in texts["answerfile.xml"], problems


def test_json_lines_name_the_bundle(tmp_path: Path) -> None:
    with serving(tmp_path) as base:
        _prepare(tmp_path, base)
        outcome = installer(*RUN, "--json", "install", cwd=tmp_path)
    (error,) = [record for record in map(json.loads, outcome.out.splitlines()) if record["event"] == "Error"]
    assert (error["exit_code"], outcome.code) == (1, 1)
    assert tmp_path / error["bundle"] == _bundle(tmp_path)[0]


def test_refused_answers_leave_the_facts_that_they_do_not_fit(tmp_path: Path) -> None:
    with serving(tmp_path) as base:
        _prepare(tmp_path, base, admin_interface='<admin-interface name="eth7" proto="dhcp"/>')
        outcome = installer(*RUN, "install", cwd=tmp_path)
    assert outcome.code == 2, outcome.text
    texts = _bundle(tmp_path)[1]
    assert "plan.txt" not in texts and "eth0" in texts["machine.json"] and "eth7" in texts["install.log"]


def test_dry_run_and_unreadable_answers_leave_none(tmp_path: Path) -> None:
    _prepare(tmp_path, "http://127.0.0.1:9/")
    assert installer(*RUN, "--dry-run", "install", cwd=tmp_path).code == 1
    (tmp_path / "answers.xml").write_text("<installation>", encoding="utf-8")
    assert installer(*RUN, "install", cwd=tmp_path).code == 2
    assert list(tmp_path.rglob("installer-support-*")) == []
