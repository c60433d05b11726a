"""DHCP, TFTP and HTTP for network boot, started as they are made, with a machine in a network namespace of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.boot_media import make_medium
from tests.needs import needs

ADDRESS = "192.168.77.1"
MAC = "52:54:00:12:34:56"
LEASE = (
    '#!/bin/sh\n[ "$1" != bound ] || echo "$ip $siaddr $boot_file router=$router dns=$dns" >>{directory}/leases.seen\n'
)
# the server's namespace, and in it one for the machine
PREPARE = """\
set -e
mount -t tmpfs tmpfs /run
ip netns add machine
ip link add eth0 type veth peer name eth1 address {mac}
ip link set eth1 netns machine
ip link set lo up
ip link set eth0 up
ip netns exec machine ip link set eth1 up
in_machine() {{ ip netns exec machine "$@"; }}
"""
SERVE = """\
ip address add 192.168.77.1/24 dev eth0
mount -t tmpfs -o mode=755 tmpfs /srv
cp -rL {directory}/server /srv/
mkfifo said
/srv/server/start >said 2>&1 &
server=$!
trap 'kill $server; wait $server' EXIT
exec 3<said
while read -r line <&3; do echo "$line"; case $line in *"serving http on"*) break ;; esac; done
cat <&3 &
"""


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """The server's directory, beside a small repository and the files of network boot."""
    needs("dnsmasq", "grub-mkimage")
    for name in ("install.img", "vmlinuz", "xen"):
        tmp_path.joinpath(name).write_text(f"{name}\n", encoding="ascii")
    pack = tmp_path / "repository" / "packages.main"
    pack.mkdir(parents=True)
    pack.joinpath("XS-REPOSITORY").write_text("<repository/>", encoding="ascii")
    tmp_path.joinpath("answers").write_text("<installation/>", encoding="ascii")
    make_medium("pxe", tmp_path / "pxe", *(tmp_path / name for name in ("install.img", "vmlinuz", "xen")))
    answers = str(tmp_path / "answers")
    make_medium("pxe-server", tmp_path / "server", tmp_path / "pxe", tmp_path / "repository", ANSWERFILE=answers)
    return tmp_path


# a server of ISC's that is there already: its own subnet, then the lines that are to be added
OTHER_SERVER = """\
ip address add 192.168.77.2/24 dev eth0
{{ echo "subnet 192.168.77.0 netmask 255.255.255.0 {{ range 192.168.77.100 192.168.77.199; }}"
  cat {directory}/server/dhcpd.conf; }} >dhcpd.conf
: >dhcpd.leases
dhcpd -4 -t -cf dhcpd.conf
dhcpd -4 -f -q -user root -group root -cf dhcpd.conf -lf dhcpd.leases -pf dhcpd.pid eth0 &
trap "kill $!" EXIT
"""


def run(directory: Path, *commands: str, prepare: str = PREPARE + SERVE) -> subprocess.CompletedProcess[str]:
    """Run commands where `in_machine` is on the other end of the server's cable."""
    needs("ip", "unshare", "busybox", "curl", "setpriv")
    lease = directory / "lease"
    lease.write_text(LEASE.format(directory=directory), encoding="ascii")
    lease.chmod(0o755)
    script = prepare.format(directory=directory, mac=MAC) + "\n".join(commands)
    argv = ["unshare", "--net", "--mount", "bash", "-c", script]
    return subprocess.run(argv, cwd=directory, capture_output=True, text=True, check=False, timeout=120)


def test_dnsmasq_takes_its_configuration(made: Path) -> None:
    argv = ["dnsmasq", "--test", f"--conf-file={made}/server/dnsmasq.conf"]
    result = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.root
def test_machine_gets_address_loader_and_files(made: Path) -> None:
    """A BIOS asks as PXE firmware does, then a UEFI firmware; the loaders and the answerfile come over the cable.

    The server is a copy of its directory elsewhere: dnsmasq's user cannot read the test's own.
    """
    ask = f"in_machine busybox udhcpc -i eth1 -f -n -q -t 10 -T 1 -s {made}/lease -V PXEClient"
    result = run(
        made,
        f"{ask} -x 0x5d:0000",
        f"{ask} -x 0x5d:0007",
        "in_machine ip address add 192.168.77.150/24 dev eth1",
        *(
            f"in_machine busybox tftp -g -r {name} -l got.{name.replace('/', '.')} {ADDRESS}"
            for name in ("pxelinux.0", "grubx64.efi", "pxelinux.cfg/default", "grub/grub.cfg", "install.img")
        ),
        f"in_machine curl --silent --fail http://{ADDRESS}/answerfile.xml >got.answers",
        f"in_machine curl --silent --fail http://{ADDRESS}/XenServer_4.0.1/packages.main/XS-REPOSITORY >got.main",
        f"in_machine curl --silent --fail --data-binary {MAC} http://{ADDRESS}/installed",
        f"in_machine busybox tftp -g -r pxelinux.cfg/01-52-54-00-12-34-56 -l got.host {ADDRESS}",
    )
    assert result.returncode == 0, result.stdout + result.stderr
    bios, uefi = made.joinpath("leases.seen").read_text(encoding="ascii").splitlines()
    assert bios.split()[0].startswith("192.168.77.1") and bios.split()[1:] == [ADDRESS, "pxelinux.0", "router=", "dns="]
    assert uefi.split()[1:3] == [ADDRESS, "grubx64.efi"]
    for name in ("pxelinux.0", "grubx64.efi", "pxelinux.cfg/default", "grub/grub.cfg", "install.img"):
        assert made.joinpath(f"got.{name.replace('/', '.')}").read_bytes() == made.joinpath("pxe", name).read_bytes()
    assert made.joinpath("got.answers").read_text(encoding="ascii") == "<installation/>"
    assert made.joinpath("got.main").read_text(encoding="ascii") == "<repository/>"
    assert "localboot 0" in made.joinpath("got.host").read_text(encoding="ascii")


@pytest.mark.root
def test_lines_for_a_server_of_iscs_name_the_loader_of_either_firmware(made: Path) -> None:
    """It takes them, and a machine that does not start from the network is told of no file."""
    needs("dhcpd")
    ask = f"in_machine busybox udhcpc -i eth1 -f -n -q -t 10 -T 1 -s {made}/lease"
    options = ("-V PXEClient -x 0x5d:0000", "-V PXEClient -x 0x5d:0007", "-V PXEClient -x 0x5d:0009", "-V other")
    result = run(made, *(f"{ask} {option}" for option in options), prepare=PREPARE + OTHER_SERVER)
    assert result.returncode == 0, result.stdout + result.stderr
    told = [line.split()[1:3] for line in made.joinpath("leases.seen").read_text(encoding="ascii").splitlines()]
    assert told[:3] == [[ADDRESS, "pxelinux.0"], [ADDRESS, "grubx64.efi"], [ADDRESS, "grubx64.efi"]]
    assert "pxelinux.0" not in told[3]


@pytest.mark.root
def test_server_without_its_address_says_what_to_do(made: Path) -> None:
    result = run(made, f"{made}/server/start", prepare=PREPARE)
    assert result.returncode == 1
    assert f"ip address add {ADDRESS}/24 dev ethN" in result.stderr


def test_answerfile_stays_when_the_directory_is_made_again(made: Path) -> None:
    make_medium("pxe-server", made / "server", made / "pxe", made / "repository", SERVER="10.9.8.7:8080")
    assert made.joinpath("server/http/answerfile.xml").read_text(encoding="ascii") == "<installation/>"
    configuration = made.joinpath("server/dnsmasq.conf").read_text(encoding="ascii")
    assert "listen-address=10.9.8.7\n" in configuration and "dhcp-range=10.9.8.100,10.9.8.199," in configuration
    assert "next-server 10.9.8.7;" in made.joinpath("server/dhcpd.conf").read_text(encoding="ascii")


def test_name_in_place_of_an_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="must be an address"):
        make_medium("pxe-server", tmp_path, tmp_path, tmp_path, SERVER="pxehost")
