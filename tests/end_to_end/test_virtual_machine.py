"""The harness itself, on a stand-in for the machine: a script on a real terminal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.virtual_machine import Hardware, VirtualMachine

# what agetty and login(1) do on a line, and then a shell
GETTY = """
ask() { printf 'xen07 login: '; read -r name; }
password() { printf 'Password: '; read -r password; }
listen() {
    printf 'Last login: Wed Nov 25 19:27:00 on hvc0\\r\\nroot@xen07:~# '
    while read -r line; do eval "$line"; printf '%s' "$PS1"; done
}
bind() { :; }
"""
LOSES_INPUT = f"""{GETTY}
ask  # typed, and flushed as the address comes
printf '\\nManagement address: 10.0.2.15 (xenbr0)\\n\\n'
ask
password
[ "$name:$password" != root:right ] || listen
"""
KEEPS_INPUT = f"""{GETTY}
printf 'xen07 login: '
printf '\\nManagement address: 10.0.2.15 (xenbr0)\\n\\n'
while :; do
    ask
    password
    [ "$name:$password" != root:right ] || listen
    printf '\\nLogin incorrect\\n'
done
"""
PLAIN = f"{GETTY}\nask\npassword\n[ $name:$password != root:right ] || listen\n"


@dataclass(frozen=True)
class Script(Hardware):
    """A machine that is a script."""

    text: str = ""

    def argv(self) -> list[str]:
        return ["bash", "-c", self.text]


@pytest.mark.parametrize("text", [PLAIN, LOSES_INPUT, KEEPS_INPUT], ids=["plain", "loses input", "keeps input"])
def test_login_comes_through_however_often_the_prompt_is_printed(tmp_path: Path, text: str) -> None:
    """A name that is typed once only may be lost, and the prompt then waits for ever."""
    with VirtualMachine(Script((), text=text), tmp_path / "log") as machine:
        machine.log_in("right", 20, lost_s=1)
        assert machine.run("echo $((40+2))") == "42"
