"""What bash offers when Tab is pressed, asked of a real bash."""

from __future__ import annotations

import os
import pty
import shlex
import subprocess
from pathlib import Path

import pytest

from installer.completion import bash_completion
from tests.needs import PATH, needs

SCRIPT = Path(__file__).parent.parent.parent / "docs" / "installer.bash-completion"
ASK = f". {shlex.quote(str(SCRIPT))}; COMP_WORDS=(%s) COMP_CWORD=%d; _installer; printf '%%s\\n' \"${{COMPREPLY[@]}}\""
LIMIT_S = 20


def _offered(directory: Path, *words: str) -> set[str]:
    """Return what is offered for the last word, which is parted as readline does it."""
    needs("bash")
    script = ASK % (shlex.join(("installer", *words)), len(words))
    environment = {"PATH": PATH, "LC_ALL": "C.UTF-8"}
    argv = ["bash", "--norc", "--noprofile", "-uc", script]
    result = subprocess.run(argv, cwd=directory, env=environment, capture_output=True, text=True, check=True)
    assert result.stderr == ""
    return set(filter(None, result.stdout.split("\n")))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "rack7.xml").touch()
    (tmp_path / "two words.xml").touch()
    (tmp_path / "tree").mkdir()
    return tmp_path


def test_file_is_made_from_the_options(write_golden: bool) -> None:
    if write_golden:
        SCRIPT.write_text(bash_completion(), encoding="utf-8")
    assert SCRIPT.read_text(encoding="utf-8") == bash_completion()


EVERYTHING = {"rack7.xml", "two words.xml", "tree"}
CASES = [
    (("--an",), {"--answerfile"}),
    (("install", "--an"), {"--answerfile"}),
    (("restore", "--an"), set()),
    (("restore", "--y"), {"--yes"}),
    (("repo", "build", "--s"), {"--sign", "--sha256"}),
    (("",), {"install", "restore", "check", "repo"}),
    (("re",), {"restore", "repo"}),
    (("--target", "disk.img", "re"), {"restore", "repo"}),
    (("--answerfile", "install", "in"), {"install"}),
    (("repo", ""), {"build", "show", "verify"}),
    (("check", ""), EVERYTHING),
    (("check", "rack7.xml", "tw"), {"two words.xml"}),
    (("--answerfile", "ra"), {"rack7.xml"}),
    (("--answerfile", "=", "ra"), {"rack7.xml"}),
    (("--answerfile", "="), EVERYTHING),
    (("--answerfile", "http", ":", "//"), set()),
    (("--target", "sda", "=", "r"), {"rack7.xml"}),
    (("--log-dir", ""), {"tree"}),
    (("--size", ""), set()),
    (("--report", ""), set()),
    (("--machine", "q"), {"qemu", "qemu-uefi"}),
    (("--load-drivers", "l"), {"local"}),
    (("repo", "build", "--compress", ""), {"tbz2", "tzst"}),
    (("repo", "build", "--version", ""), set()),
    (("repo", "build", "tools", "=", "tr"), {"tree"}),
    (("repo", "show", "tr"), {"tree"}),
]


@pytest.mark.parametrize(("words", "offered"), CASES, ids=[shlex.join(words) for words, _ in CASES])
def test_tab_offers(directory: Path, words: tuple[str, ...], offered: set[str]) -> None:
    assert _offered(directory, *words) == offered


def test_tab_completes_in_a_real_terminal(directory: Path) -> None:
    """Readline parts the words here, not the test: an option, a file with a blank, and a file behind a sign."""
    needs("bash")
    primary, secondary = pty.openpty()
    environment = {"PATH": PATH, "LC_ALL": "C.UTF-8", "TERM": "dumb", "PS1": "$ ", "HOME": str(directory)}
    argv = ["bash", "--norc", "--noprofile", "-i"]
    typed = (
        f". {shlex.quote(str(SCRIPT))}; installer() {{ printf '<%s>' \"$@\" >>said; }}\n"
        "installer --an\tra\tinst\t\ninstaller che\ttw\t\ninstaller --target=sda=ra\t\nexit\n"
    )
    with subprocess.Popen(argv, cwd=directory, env=environment, stdin=secondary, stdout=secondary, stderr=secondary,
                          start_new_session=True) as shell:  # fmt: skip
        os.write(primary, typed.encode())
        shell.wait(LIMIT_S)
    os.close(primary)
    os.close(secondary)
    said = (directory / "said").read_text(encoding="utf-8")
    assert said == "<--answerfile><rack7.xml><install><check><two words.xml><--target=sda=rack7.xml>"


def test_script_is_sound() -> None:
    needs("shellcheck")
    subprocess.run(["shellcheck", str(SCRIPT)], check=True)
