"""Answers in the ramdisk ask for the network when something that they name lies on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer.kernel_words import KernelWords, parse_kernel_words
from installer.network_wanted import network_wanted
from tests.end_to_end.command import answerfile

HTTP = "http://10.0.0.1/x"
HOOK = '<post-install-script type="url">{0}</post-install-script>'
SCRIPT = '<script stage="filesystem-populated" type="url">{0}</script>'
LOCAL = '<source type="local"/>'


def _words(text: str) -> KernelWords:
    return parse_kernel_words(f"{text} install", {"tty1"})[0]


@pytest.mark.parametrize(
    ("xml", "network"),
    [
        (answerfile(HTTP), "all"),
        (answerfile("HTTPS://10.0.0.1/x"), "all"),
        (answerfile("/xs"), ""),
        (answerfile("file:///xs"), ""),
        (answerfile("", source=LOCAL), ""),
        (answerfile("", source=f'{LOCAL}<source type="url">{HTTP}</source>'), "all"),
        (answerfile("/xs", more=HOOK.format(HTTP)), "all"),
        (answerfile("/xs", more=HOOK.format("/hook")), ""),
        (answerfile("/xs", more=SCRIPT.format(HTTP)), "all"),
        (answerfile(HTTP, timezone="<timezone>Nowhere</timezone>"), "all"),
        ("<installation>", ""),
        ("", ""),
    ],
)
@pytest.mark.parametrize("form", ["{0}", "file://{0}", "FILE://localhost{0}"])
def test_answers_in_a_local_file(tmp_path: Path, xml: str, network: str, form: str) -> None:
    path = tmp_path / "answers.xml"
    path.write_text(xml, encoding="utf-8")
    assert network_wanted(_words(f"answerfile={form.format(path)}")) == ((network,) if network else ())


def test_escapes_of_a_file_address_are_undone(tmp_path: Path) -> None:
    path = tmp_path / "rack 7.xml"
    path.write_text(answerfile(HTTP), encoding="utf-8")
    assert network_wanted(_words(f"answerfile=file://{tmp_path}/rack%207.xml")) == ("all",)


def test_words_are_followed_without_a_look_at_the_file(tmp_path: Path) -> None:
    path = tmp_path / "answers.xml"
    path.write_text(answerfile(HTTP), encoding="utf-8")
    assert network_wanted(_words(f"answerfile={path} network_device=eth1")) == ("eth1",)
    assert network_wanted(_words("answerfile=http://h/a")) == ("all",)
    assert network_wanted(_words("answerfile=/not/there.xml")) == ()
    assert network_wanted(KernelWords()) == ()


def test_a_local_file_whose_name_hangs_on_the_network_wants_it() -> None:
    assert network_wanted(_words("answerfile=/answers-{mac}.xml")) == ("all",)
    assert network_wanted(_words("answerfile=file:///answers-{serial}.xml network_device=eth1")) == ("eth1",)
