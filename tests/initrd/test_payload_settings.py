"""The payload acts on the files that name the host, its zone, its time servers, its keymap and its memory."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.initrd.payload_host import LIBEXEC, Host, make_host

GRUB = """menuentry "XenServer" {
  multiboot2 /boot/xen.gz dom0_mem=512M,max:512M console=vga
  module2 /boot/vmlinuz root=LABEL=root-abcdefgh ro
}
menuentry "XenServer (serial)" {
  multiboot2 /boot/xen.gz dom0_mem=512M,max:512M com1=115200,8n1 console=com1,vga
}
"""


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return make_host(tmp_path)


def test_all_topics_of_a_boot_are_applied(host: Host) -> None:
    assert host.apply().returncode == 0
    assert (host.root / "run/systemd/network/50-ifcfg-xenbr0.netdev").exists()
    assert (host.root / "run/systemd/timesyncd.conf.d/10-ntp.conf").exists()
    assert (host.root / "etc/issue").exists()


def test_a_failing_topic_does_not_stop_the_others(host: Host) -> None:
    host.write("etc/sysconfig/clock", 'ZONE="Mars/Olympus"\n')
    result = host.apply("clock", "hostname", "issue")
    assert result.returncode == 1
    assert "ZONE=Mars/Olympus" in result.stderr
    assert (host.root / "etc/issue").exists()


def test_name_of_sysconfig_is_taken_and_kept_in_etc_hostname(host: Host) -> None:
    host.write("etc/sysconfig/network", 'NETWORKING=yes\nHOSTNAME="xen07.example.org"\n')
    assert host.apply("hostname").returncode == 0
    assert host.read("proc/sys/kernel/hostname") == "xen07.example.org\n"
    assert host.read("etc/hostname") == "xen07.example.org\n"


def test_without_a_name_in_sysconfig_etc_hostname_counts(host: Host) -> None:
    host.write("proc/sys/kernel/hostname", "(none)\n")
    assert host.apply("hostname").returncode == 0
    assert host.read("proc/sys/kernel/hostname") == "xenserver-kqzjwmxa\n"


def test_zone_wins_over_localtime(host: Host) -> None:
    host.write("etc/sysconfig/clock", 'ZONE="Asia/Tokyo"\nUTC=true\nARC=false\n')
    assert host.apply("clock").returncode == 0
    assert os.readlink(host.root / "etc/localtime") == "/usr/share/zoneinfo/Asia/Tokyo"
    assert host.read("etc/timezone") == "Asia/Tokyo\n"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../../etc/passwd", "/etc/passwd", ""])
def test_unknown_zone_leaves_localtime(host: Host, zone: str) -> None:
    host.write("etc/passwd", "")
    host.write("etc/sysconfig/clock", f'ZONE="{zone}"\n')
    result = host.apply("clock")
    assert result.returncode == 1
    assert f"ZONE={zone} in /etc/sysconfig/clock: no such time zone" in result.stderr
    assert os.readlink(host.root / "etc/localtime") == "/usr/share/zoneinfo/Europe/London"


def test_local_hardware_clock_is_said_to_be_ignored(host: Host) -> None:
    host.write("etc/sysconfig/clock", 'ZONE="Europe/London"\nUTC=false\n')
    assert "UTC=false in /etc/sysconfig/clock is ignored" in host.apply("clock").stderr


def test_time_servers_go_to_timesyncd(host: Host) -> None:
    host.write("etc/ntp.conf", "driftfile /x\nserver 192.0.2.1 iburst\n#server no\nserver ntp.example.org iburst")
    assert host.apply("ntp").returncode == 0
    assert "\nNTP=192.0.2.1 ntp.example.org\nFallbackNTP=\n" in host.read("run/systemd/timesyncd.conf.d/10-ntp.conf")


def test_no_time_server_means_none_and_not_the_distributions(host: Host) -> None:
    assert host.apply("ntp").returncode == 0
    assert "\nNTP=\nFallbackNTP=\n" in host.read("run/systemd/timesyncd.conf.d/10-ntp.conf")


def test_keymap_is_loaded_on_the_machines_console(host: Host) -> None:
    host.program("loadkeys", 'echo "$*" > "$DOM0_ROOT/loaded"')
    host.write("etc/sysconfig/keyboard", "KEYTABLE=de-latin1\n")
    assert host.apply("keyboard").returncode == 0
    assert host.read("loaded") == "-q -C /dev/tty1 de-latin1\n"


def test_keymap_that_cannot_be_loaded_is_named(host: Host) -> None:
    host.program("loadkeys", "exit 1")
    host.write("etc/sysconfig/keyboard", "KEYTABLE=klingon\n")
    result = host.apply("keyboard")
    assert result.returncode == 1
    assert "KEYTABLE=klingon" in result.stderr


def test_issue_shows_product_name_and_the_management_interfaces_address(host: Host) -> None:
    inventory = "PRODUCT_BRAND='XenServer'\nPRODUCT_VERSION='4.0.1'\nMANAGEMENT_INTERFACE='xenbr2'\n"
    host.write("etc/xensource-inventory", inventory)
    assert host.apply("issue").returncode == 0
    issue = host.read("etc/issue")
    assert issue.startswith("XenServer 4.0.1\n")
    assert "\\n" in issue and "\\4{xenbr2}" in issue


def _memory(host: Host, gib: float, settings: str = "") -> str:
    """Return what the menu says after a run on a machine with that much memory."""
    host.program("xl", f'[ "$*" = "info total_memory" ] && echo {int(gib * 1024)}')
    host.write("boot/grub/grub.cfg", GRUB)
    host.write("etc/sysconfig/xapi", settings)
    result = host.apply("memory")
    assert result.returncode == 0
    menu = host.read("boot/grub/grub.cfg")
    megabytes = menu.partition("dom0_mem=")[2].partition("M")[0]
    assert menu == GRUB.replace("512M", f"{megabytes}M")
    return f"{megabytes} {result.stderr}".strip()


BOUNDS = "XAPI_DOM0_MEM_MIN=200\nXAPI_DOM0_MEM_MAX=752\n"


@pytest.mark.parametrize(("gib", "megabytes"), [(1, 200), (3.5, 200), (5, 228), (16, 454), (32, 752), (128, 752)])
def test_memory_by_the_guides_figures(host: Host, gib: float, megabytes: int) -> None:
    assert _memory(host, gib, BOUNDS) == str(megabytes)
    assert _memory(host, gib) == str(megabytes)


def test_memory_that_the_firmware_kept_a_little_of_counts_as_whole(host: Host) -> None:
    assert _memory(host, 16 - 0.1, BOUNDS) == "454"


@pytest.mark.parametrize("key", ["XAPI_DOM0_MEM_GRADIENT", "XAPI_DOMO_MEM_GRADIENT"])
@pytest.mark.parametrize("gradient", ["0.0300", ".03", '"0.03"'])
def test_gradient_is_read_in_both_spellings(host: Host, key: str, gradient: str) -> None:
    assert _memory(host, 16, f"{BOUNDS}{key}={gradient}\n") == "606"


@pytest.mark.parametrize("gradient", ["0.0204", "0", "0.0"])
def test_gradient_below_the_default_is_refused(host: Host, gradient: str) -> None:
    said = _memory(host, 16, f"{BOUNDS}XAPI_DOM0_MEM_GRADIENT={gradient}\n")
    assert said.startswith("454 ")
    assert f"XAPI_DOM0_MEM_GRADIENT={gradient} is refused" in said


@pytest.mark.parametrize("gradient", ["-1", "lots", "0.0.3", "1e3", "08x"])
def test_gradient_that_is_no_number_is_refused(host: Host, gradient: str) -> None:
    said = _memory(host, 16, f"{BOUNDS}XAPI_DOM0_MEM_GRADIENT={gradient}\n")
    assert said.startswith("454 ") and "is no number" in said


@pytest.mark.parametrize(("settings", "megabytes"), [("MIN=0512", 512), ("MAX=300", 300), ("MAX=plenty", 454)])
def test_bounds_are_replaced(host: Host, settings: str, megabytes: int) -> None:
    assert _memory(host, 16, f"XAPI_DOM0_MEM_{settings}\n").split()[0] == str(megabytes)


def test_memory_is_known_at_shutdown_when_the_toolstack_is_gone(host: Host) -> None:
    assert _memory(host, 16, BOUNDS) == "454"
    host.program("xl", "exit 1")
    host.write("etc/sysconfig/xapi", BOUNDS + "XAPI_DOM0_MEM_GRADIENT=0.03\n")
    assert host.apply("memory").returncode == 0
    assert "dom0_mem=606M,max:606M" in host.read("boot/grub/grub.cfg")


def test_unchanged_memory_does_not_write_the_menu(host: Host) -> None:
    _memory(host, 16, BOUNDS)
    before = (host.root / "boot/grub/grub.cfg").stat()
    assert host.apply("memory").returncode == 0
    after = (host.root / "boot/grub/grub.cfg").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


MARK = "run/root-password-wanted"


@pytest.mark.parametrize(
    ("shadow", "asked"),
    [
        ("root:!!:20000:0:99999:7:::\ndaemon:*:20000::::::\n", True),
        ("daemon:*:20000::::::\nroot:!!:20000:0:99999:7:::\n", True),
        ("root:$6$salt$digest:20000:0:99999:7:::\n", False),
        ("root:!$6$salt$digest:20000::::::\n", False),
        ("root:*:20000::::::\nnotroot:!!:20000::::::\n", False),
        ("", False),
    ],
    ids=["open", "open, not first", "set", "locked by an administrator", "another's", "none"],
)
@pytest.mark.parametrize("shell", [("sh",), ("busybox", "sh")], ids=["sh", "busybox"])
def test_root_password_is_asked_where_the_installation_left_it_open(
    host: Host, shadow: str, asked: bool, shell: tuple[str, ...]
) -> None:
    host.write("etc/shadow", shadow)
    assert host.apply("password", shell=shell).returncode == 0
    assert (host.root / MARK).exists() == asked


def _ask_root_password(host: Host, passwd: str) -> tuple[int, str]:
    host.write(MARK, "")
    host.write("etc/shadow", "root:$6$salt$digest:20000::::::\n")
    host.program("passwd", f'echo "passwd $*" >>"$DOM0_ROOT/run/done"; {passwd}')
    host.program("systemctl", 'echo "systemctl $*" >>"$DOM0_ROOT/run/done"; test ! -e "$DOM0_ROOT/' + MARK + '"')
    environment = {"PATH": f"{host.programs}:/usr/sbin:/usr/bin:/sbin:/bin", "DOM0_ROOT": str(host.root)}
    result = subprocess.run(["sh", str(LIBEXEC / "root-password")], env=environment, check=False, capture_output=True)
    return result.returncode, host.read("run/done")


def test_logins_come_once_the_root_password_is_set(host: Host) -> None:
    logins = "systemctl start --no-block getty@tty1.service serial-getty@hvc0.service\n"
    assert _ask_root_password(host, "true") == (0, f"passwd root\n{logins}")
    assert not (host.root / MARK).exists()


def test_root_password_is_asked_again_where_it_was_not_set(host: Host) -> None:
    """The script ends in failure, and systemd starts it again; no login comes."""
    assert _ask_root_password(host, "exit 10") == (10, "passwd root\n")
    assert (host.root / MARK).exists()


def test_logins_and_the_asking_go_by_the_same_mark() -> None:
    units = LIBEXEC.parents[2] / "usr/lib/systemd/system"
    texts = [
        (units / name).read_text(encoding="ascii")
        for name in ("serial-getty@hvc0.service", "getty@tty1.service.d/50-host.conf")
    ]
    assert all(f"\nConditionPathExists=!/{MARK}\n" in text for text in texts)
    assert f"\nConditionPathExists=/{MARK}\n" in (units / "root-password.service").read_text(encoding="ascii")
