"""The Vagrantfile is Ruby, and what its comments tell people to type exists."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.end_to_end.command import installer
from tests.needs import needs

VAGRANTFILE = Path(__file__).parent.parent / "Vagrantfile"


def test_ruby_understands_it() -> None:
    needs("ruby")
    result = subprocess.run(["ruby", "-wc", str(VAGRANTFILE)], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "Syntax OK\n", "")


def test_options_it_names_are_the_installers(tmp_path: Path) -> None:
    named = set(re.findall(r"^#   \.venv/bin/installer.*", VAGRANTFILE.read_text(encoding="utf-8"), re.MULTILINE))
    options = {option for line in named for option in re.findall(r"--[a-z-]+", line)}
    assert options
    known = installer("--help", cwd=tmp_path).out
    assert {option for option in options if option not in known} == set()
