"""The image by ca=, key= and report=: all over HTTPS of a site's own authority, signed, and told as it goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.backend.reports.receivers import Taken, receiving
from tests.backend.signing import Keys, keys_in, with_strong_sums
from tests.backend.small_repository import small_repository
from tests.backend.sources.web_server import Authority, answering, serving_files
from tests.backend.test_errand import files_below
from tests.end_to_end.command import answerfile
from tests.end_to_end.disk_image import fingerprint, partitions, read_file
from tests.end_to_end.laboratory import HOST_OF_MACHINE, INSTALL_S, SHELL, SHELL_PROMPT, Laboratory, in_shell
from tests.needs import needs

CREDENTIALS = "marked-secret-user:marked-secret-word"
SCRIPT = b'#!/bin/sh\necho from afar > "$1/root/marker"\n'
DISK = "<primary-disk>vda</primary-disk>"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    with keys_in(tmp_path_factory.mktemp("g")) as found:
        yield found


@dataclass
class Site:
    """What a site's server hands out, by path, and where its two repositories lie."""

    files: dict[str, bytes]
    main: Path
    extra: Path

    def publish(self) -> None:
        """Hand out the repositories as they are now."""
        for repository in (self.main, self.extra):
            self.files.update({f"/xs{path}": data for path, data in files_below(repository.parent).items()})


def site(directory: Path) -> Site:
    """Make two repositories that could be signed."""
    main = with_strong_sums(small_repository(directory / "one") / "packages.main")
    extra = with_strong_sums(small_repository(directory / "two") / "packages.main").rename(
        directory / "two" / "packages.site"
    )
    about = (extra / "XS-REPOSITORY").read_text(encoding="ascii").replace("xs:main", "custom:site")
    (extra / "XS-REPOSITORY").write_text(about, encoding="ascii")
    return Site({"/post": SCRIPT}, main, extra)


@pytest.mark.vm
def test_image_trusts_whom_the_kernels_words_name_and_tells_how_it_went(lab: Laboratory, keys: Keys) -> None:
    """One repository is signed by the key that lies in the image, the other one by that of the word; at first none."""
    needs("openssl")
    authority, found, taken = Authority(lab.directory / "authority"), site(lab.directory), Taken()
    in_image, by_word = keys.make("image@example.com"), keys.make("word@example.com")
    found.files["/key.asc"] = keys.public(by_word)
    found.publish()
    lab.add_to_image(
        {"ca.pem": authority.pem.read_text(), "etc/installer/keys/site.asc": keys.public(in_image).decode()}
    )
    disk = lab.disk(data=b"somebody's data")
    before = fingerprint(disk)
    context = authority.server(names=f"IP:{HOST_OF_MACHINE}")
    with answering(serving_files(found.files), tls=context) as server, receiving(taken, tls=context) as listener:
        base = f"https://{CREDENTIALS}@{HOST_OF_MACHINE}:{server.partition(':')[2]}"
        post = f'<post-install-script type="url">{base}/post</post-install-script>'
        found.files["/a.xml"] = answerfile(f"{base}/xs", primary_disk=DISK, more=post).encode()
        report = f"https://{CREDENTIALS}@{HOST_OF_MACHINE}:{listener.partition(':')[2]}/"
        words = f"ca=file:///ca.pem key={base}/key.asc report={report} answerfile={base}/a.xml install"
        machine = lab.boot_image(lab.hardware(disk), words)
        said = machine.wait_for(SHELL)
        assert "the repository is not signed" in said and "Nothing was changed." in said
        machine.wait_for(SHELL_PROMPT)
        assert "shell-result 1" in in_shell(machine, "grep -rqs marked-secret /install/tmp")
        machine.close()
        assert fingerprint(disk) == before
        assert taken.events()[0] == "Started" and taken.events()[-2:] == ["Error", "Ended"]
        assert taken.records[-1]["exit_code"] == 1

        keys.sign(found.main, in_image)
        keys.sign(found.extra, by_word)
        found.publish()
        taken.records.clear()
        lab.boot_image(lab.hardware(disk), f"{words} atexit=poweroff").wait_for_end(INSTALL_S)
    assert read_file(disk, partitions(disk)[0], "/root/marker") == "from afar\n"
    events = taken.events()
    assert (events[0], events[-1], taken.records[-1]["exit_code"]) == ("Started", "Ended", 0)
    assert [record["sequence"] for record in taken.records] == list(range(1, len(events) + 1))
    assert events.count("StepStarted") == events.count("StepFinished") > 10 and "PlanFinished" in events
    assert taken.headers[-1]["X-Installer-MAC-0"].endswith("52:54:00:12:34:56")
    assert len({headers["X-Installer-Run"] for headers in taken.headers}) == 2
    assert "marked-secret" not in taken.text
