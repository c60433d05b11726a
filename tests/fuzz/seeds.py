"""Inputs that reach the rarer branches of the parsers, from which a fuzzer goes on."""

from __future__ import annotations

from collections.abc import Iterable

from tests.fuzz.old_hosts import SEPARATOR

STATIC = "static:ip=10.0.0.7;netmask=255.255.255.0;gateway=10.0.0.1"
MAC = "00:16:3e:12:ab:cd"
PASSWORDS = ("", " ", "p\xe4ssword", "short", "long" * 30, "@PASSWORD@", "long-enough-12")
NETWORKS = (f"{STATIC};dns=10.0.0.1,10.0.0.2;vlan=7", STATIC, "dhcp:vlan=7", "dhcp", "static", "static:ip=1")
KERNEL_LINES = tuple(
    line.encode()
    for line in (
        *(f"sshd sshpassword={word} atexit=halt" for word in PASSWORDS),
        *(f"network_device=eth0 network_config={config} answerfile=nfs:h:/a install" for config in NETWORKS),
        *(f"network_device={device} answerfile=http://h/a install" for device in ("all", MAC, "eth1", "?", "00-16-3E")),
        "network_device=eth0 network_config=mobile network_config=dhcp:vlan=7;vlan=8 install answerfile=file:///a",
        "network_device=eth0 network_config=dhcp:vlan= network_config=dhcp:x=1 answerfile=http://h/a",
        f"map_netdev=eth0:{MAC},eth1:00:16:3e:12:ab:ce",
        f"map_netdev=eth0:{MAC},eth1:{MAC}",
        f"map_netdev=eth0:{MAC},eth0:00:16:3e:12:ab:ce map_netdev=ethx:{MAC}",
        "answerfile=http://h/a install installed=http://h/done",
        "installed=http://u:p@h/done installed=http://h:x/done install=1",
        "installed=http://h:0/done answerfile=http://h/a install",
        "installed=http://[/done answerfile=http://h/a install",
        "extramodules=e1000e,raid1 blacklist=e1000e",
        "extramodules=a/b blacklist= driver-source=local driver-source=http://h/d",
        "driver-source=smb://h/d ca=http://h/ca repository-key= key=http://h/k",
        "console=ttyS0 console=ttyS0,9600 console=ttyS7 console=com1 console=tty0 output=com2 output=hvc0",
        "console=ttyS0,9600 output=ttyS0 output=ttyS1,57600",
        "console=hvc0 output=ttyS0,9600",
        "output=ttyS1",
        "output=tty0",
        "output=ttty1",
        "answerfil=http://h/a instal shelll",
        "console=null console=uart8250,io,0x3f8 output=ttyS0,57600",
        "console=ttyS0,9600 output=ttyS0",
        "network_device=eth0 network_config=tftp answerfile=http://h/a install",
        "map_netdev=em1:00:16:3e:12:ab:cd",
        "installed=http://h/done",
        "sshd sshpassword=%20",
        'sshd "sshpassword= "',
        'root=/dev/sda1 quiet ttyS0 tttyS1 ca.cert=1 ""',
        "ssh setup mkinitrd mod serverpassword=x shpassword=x ssh-password=x",
        "driver-source=local answerfile=http://h/a install ",
    )
)


def _document(*children: str, mode: str = "fresh") -> bytes:
    return f'<installation mode="{mode}">{"".join(children)}</installation>'.encode()


def _repeated(texts: Iterable[str], count: int) -> bytes:
    return _document(*(text for _ in range(count) for text in texts))


COMPLETE = (
    "<primary-disk>sda</primary-disk><keymap>us</keymap><root-password>xensource</root-password>"
    '<source type="url">http://h/xs</source><timezone>Etc/UTC</timezone>'
)
INTERFACE = '<admin-interface name="eth0" proto="dhcp"{}>{}</admin-interface>'
ANSWERFILES = (
    _document(COMPLETE, INTERFACE.format("", ""), "<ca-certificate>http://h/ca</ca-certificate>"),
    _document(
        COMPLETE,
        INTERFACE.format("", ""),
        "<ca-certificate>http://h/ca</ca-certificate><repository-key>http://h/k</repository-key>",
        '<report>http://h/report</report><driver-source type="url">http://h/d</driver-source>',
    ),
    _document(COMPLETE, INTERFACE.format(' protov6="autoconf"', "")),
    _document(COMPLETE, INTERFACE.format(' protov6="dhcp"', "")),
    _document(COMPLETE, INTERFACE.format(' protov6="static"', "")),
    _document(COMPLETE, INTERFACE.format(' protov6="static"', "<ipv6>fd00::7/64</ipv6><gatewayv6>fd00::1</gatewayv6>")),
    _document(COMPLETE, INTERFACE.format(' protov6="static"', "<ipv6>fd00::7</ipv6>")),
    _document(COMPLETE, INTERFACE.format(' protov6="none"', "<ipv6>fd00::7/64</ipv6>")),
    _document(
        COMPLETE, '<bond name="bond0" mode="lacp" members="eth0,eth1"/><bond name="bond0" mode="lacp" members="eth2"/>'
    ),
    _document(COMPLETE, "<guest-disk>sda</guest-disk><guest-disk>sda</guest-disk>"),
    _document(COMPLETE, *['<guest-disk pick="largest"/>'] * 2),
    _document(mode="restore") + b"<backup-disk>sda</backup-disk>",
    b"<restore><backup-disk>sda</backup-disk></restore>",
    _document("<nameserver>10.0.0.1</nameserver>" * 2, f"<ntp-server>{'n' * 200}</ntp-server>" * 2),
    _document(f"<hostname>{'h' * 5000}</hostname>"),
    _repeated(("<unknown/>",), 1100),
    _document("<keymap " + " ".join(f"a{number}='x'" for number in range(1100)) + "/>"),
    _document(*(f"<ntp-server>ntp{number}</ntp-server>" for number in range(1100))),
    _document(COMPLETE, INTERFACE.format(' protov6="slaac"', "")),
    _document(COMPLETE, '<interface name="eth1" proto="static"/><interface name="eth2" proto="dhcp"/>'),
    _document(COMPLETE, '<source type="url">http://h/xs</source><driver-source type="url">x</driver-source>'),
    _document(COMPLETE, *['<bond name="bond0" mode="lacp" members="eth0,eth1"/>'] * 2),
    _document(COMPLETE).decode().encode("utf-16-le"),
    _document(COMPLETE, "<skip-package>docs</skip-package>"),
    _document('<existing-installation>sda</existing-installation><source type="local"/>', mode="reiostall"),
    b"<restore></restore>",
    b"<installation><keymap>us</keymap>",
    b"<installation mode='fresh'><keymap>us",
    b"<a>" * 20,
    b" " * (1024 * 1024 + 1),
)
SUM = "4ebad6e2588587f5a701a6b21009d210"
WRONG_LINES = (  # a line each: all that is wrong is told at once, as far as there is room for it
    "too few fields",
    f"docs 1e3 {SUM} tbz2 required docs.tar.bz2 /",
    f"docs 20 {SUM[:-1]}x rpm required docs.tar.bz2 /",
    f"docs 20 {SUM} tbz2 required docs.tar.bz2 / \\",
    "of which the next one is a part",
    f"docs 20 {SUM} tbz2 required docs.tar.bz2 /",
    f"docs 20 {SUM} tbz2 required docs.tar.bz2 /",
    f"a 20 {SUM} tbz2 perhaps docs.tar.bz2 /",
    f"b 20 {SUM} tbz2 required",
    f"c/c 20 {SUM} tbz2 required . usr",
    f"d 20 {SUM} tbz2 required docs.tar.bz2 /usr/..",
    f"e 20 {SUM} driver a.ko /lib/$HOME/a.ko",
    f"f 20 {SUM} driver a.ko /lib/",
    f"g 20 {SUM} tzst required g.tar.zst / =7 colour=red unpacked=x unpacked=1 unpacked=2 sha256=1",
    f"h 20 {SUM} firmware h.bin unpacked=7",
)
METADATA = (
    b"<html><body>404</body></html>",
    b"<?xml version='1.0'?>\n<repository/>",
    b" \n",
    b"\xff\xfe",
    *(f"{line}\n".encode() for line in WRONG_LINES),
    "\n".join(WRONG_LINES * 2).encode(),
    b"xs:main\nBase Pack\n\n4.0.1-1\n",
    b"xs main\nBase \x07Pack\nXenServer\n4.0.1-1\none too many\n",
)
MACHINES = (
    b'{"format": "installer-machine", "version": 1, "firmware": "bios", "memory_bytes": 1, "disks": [], "nics": '
    b'[{"name": "eth0", "mac": "52:54:00:12:34:56", "carrier": 1, "speed_mbit": null}], "virtualization": "none"}',
    b'{"format": "installer-machine", "version": 1, "firmware": "bios", "memory_bytes": true}',
    b'{"format": "installer-machine", "version": 1, "firmware": "coreboot", "firmware": "bios"}',
    b'{"format": "installer-machine", "version": 1, "firmware": "bios", "memory_bytes": 1, "virtualization": "none",'
    b' "disks": [{"name": " ", "path": "/dev/sda", "size_bytes": 1}], "nics": []}',
    b'{"format": "installer-machine", "version": 1, "firmware": "bios", "memory_bytes": 1, "virtualization": "none",'
    b' "disks": [{"name": "sda", "path": "/dev/sda", "size_bytes": 1, "by_id": 7}], "nics": []}',
    *(
        b'{"format": "installer-machine", "version": 1, "firmware": "bios", "memory_bytes": 1, "virtualization": "none"'
        + b", "
        + rest
        for rest in (
            b'"disks": [7], "nics": []}',
            b'"disks": 7, "nics": []}',
            b'"disks": []}',
            b'"disks": [], "nics": [{"name": "eth0", "mac": "52-54-00-12-34-56"}]}',
            b'"disks": [], "nics": [{"name": 7, "mac": "52:54:00:12:34:56"}]}',
            b'"disks": [], "nics": [{"name": "\\ud800", "mac": "52:54:00:12:34:56"}]}',
            b'"disks": [], "nics": [' + b", ".join([b'{"name": "eth0", "mac": "52:54:00:12:34:56"}'] * 2) + b"]}",
            b'"disks": [{"name": "sda", "path": "/dev/sda", "size_bytes": -1}], "nics": []}',
            b'"disks": [{"name": "sda", "path": "/dev/sda", "size_bytes": 1, "sector_bytes": 513}], "nics": []}',
            b'"disks": [{"name": "sda", "path": "/dev/sda", "size_bytes": 1}], "nics": [], "colour": "red"}',
        )
    ),
    b'{"format": "something else", "version": 1}',
    b'{"format": "installer-machine", "version": 2}',
    b'{"format": "installer-machine", "version": 1, "firmware": "coreboot"}',
    b"7",
    b"[" * 5000,
    b'{"format": ' + b"1" * 5000 + b"}",
)


def _files(**texts: str) -> bytes:
    return SEPARATOR.join(path.encode() + b"\n" + text.encode() for path, text in texts.items())


def _scripts(**texts: str) -> bytes:
    return _files(**{f"/etc/sysconfig/network-scripts/ifcfg-{name}": text for name, text in texts.items()})


PORT = "DEVICE=eth0\nBRIDGE=xenbr0\n"
BRIDGE = "DEVICE=xenbr0\nTYPE=Bridge\n"
ADDRESS = f"{BRIDGE}IPADDR=10.0.0.7\nNETMASK=255.255.255.0\n"
SETTINGS = (
    *(
        _scripts(**{"xenbr0": bridge, "eth0": PORT})
        for bridge in (
            BRIDGE,
            ADDRESS,
            f"{ADDRESS}GATEWAY=10.0.0.1\n",
            f"{BRIDGE}IPADDR=10.0.0.7\nPREFIX=24\nGATEWAY=10.0.0.1\n",
            f"{BRIDGE}IPADDR=10.0.0.7\nPREFIX=99\n",
            f"{ADDRESS}GATEWAY=10.9.0.1\n",
            f"{BRIDGE}BOOTPROTO=dhcp\nIPV6INIT=yes\nIPV6ADDR=fd00::7/64\nIPV6_DEFAULTGW=fd00::1\n",
            f"{BRIDGE}BOOTPROTO=dhcp\nIPV6INIT=yes\nDHCPV6C=yes\n",
            f"{BRIDGE}BOOTPROTO=dhcp\nIPV6INIT=yes\nIPV6_AUTOCONF=no\n",
            f"{BRIDGE}BOOTPROTO=dhcp\nIPV6INIT=yes\n",
        )
    ),
    _scripts(**{"xenbr0": BRIDGE, "eth0.7": "DEVICE=eth0.7\nVLAN=yes\nBRIDGE=xenbr0\n", "eth0": "DEVICE=eth0\n"}),
    _scripts(
        **{
            "xenbr0": f"{BRIDGE}BOOTPROTO=dhcp\n",
            "bond0": 'DEVICE=bond0\nTYPE=Bond\nBRIDGE=xenbr0\nBONDING_OPTS="mode=802.3ad"\n',
            "eth0": "DEVICE=eth0\nMASTER=bond0\n",
            "eth1": "DEVICE=eth1\nMASTER=bond0\n",
        }
    ),
    _scripts(**{"xenbr0": f"{BRIDGE}BOOTPROTO=dhcp\n", "bond0": "DEVICE=bond0\nTYPE=Bond\nBRIDGE=xenbr0\n"}),
    _files(**{"/etc/sysconfig/network": "HOSTNAME=localhost", "/etc/resolv.conf": "nameserver 10.0.0.1\nnameserver x"}),
    _files(**{"/etc/hostname": "host"}),
    _files(**{"/etc/hostname": "localhost.localdomain"}),
    b"/etc/systemd/system/ssh.service -> /dev/null",
    b"/etc/systemd/system/multi-user.target.wants/ssh.service -> /lib/systemd/system/ssh.service",
    _scripts(**{"eth0": "DEVICE=eth0\nBOOTPROTO=dhcp\n", "eth1": "DEVICE=eth1\nBOOTPROTO=dhcp\n"}),
    _scripts(**{"xenbr0": f"{BRIDGE}BOOTPROTO=dhcp\n", "eth0": PORT, "eth1": "DEVICE=eth1\nBRIDGE=xenbr0\n"}),
    _scripts(**{"xenbr0": f"{BRIDGE}IPADDR=10.0.0.7.7\nGATEWAY=10.0.0.1\n", "eth0": PORT}),
    _files(
        **{
            "/etc/sysconfig/static-routes": "any net 10.1.0.0/16 gw 10.0.0.1",
            "/etc/sysconfig/network-scripts/route-eth0": "10.1.0.0/16 via 10.0.0.1",
            "/etc/sysconfig/network-scripts/ifcfg-eth0:1": "DEVICE=eth0:1",
        }
    ),
)
UUID = "0f2ad9d6-5a4c-4a7e-8f0b-5d7c9b1e2a34"
OWN = f"PRODUCT_BRAND='XenServer'\nPRODUCT_VERSION='4.0.1'\nINSTALLATION_UUID='{UUID}'\nCONTROL_DOMAIN_UUID='{UUID}'\n"
STORAGE = f"DEFAULT_SR_UUID='{UUID}'\nDEFAULT_SR_PHYSDEVS='/dev/sda3'\n"
HOSTS = (
    _files(**{"/etc/xensource-inventory": OWN}),
    _files(**{"/etc/xensource-inventory": f"{OWN}{STORAGE}DEFAULT_SR_TYPE='ext'\n"}),
    _files(**{"/etc/xensource-inventory": f"{OWN}{STORAGE}", "/var/xapi/state.db": "<database/>"}),
    _files(**{"/etc/xensource-inventory": f'{OWN}export A=b\nB=\nC=\'no end\nD=""\n', "/var/xapi/state.db": "no"}),
    _files(**{"/etc/xensource-inventory": "PRODUCT_NAME='Other'"}),
    _files(**{"/etc/hostname": "host"}),
    _files(**{"/etc/xensource-inventory": OWN, "/.xen-backup-incomplete": ""}),
    _files(**{"/.xen-backup-partition": ""}),
    _files(**{"/etc/xensource-inventory": OWN.replace("4.0.1", "3.2.0")}),
    _files(**{"/etc/xensource-inventory": "PRODUCT_BRAND='XenServer'\nPRODUCT_VERSION='4.0.1'\n"}),
)
KEYS = (
    b"-----BEGIN PGP PRIVATE KEY BLOCK-----",
    b"\x95\x00",  # a secret key, in the older form with one byte of length
    b"\x9a\x00\x00\x00\x01\x04",
    b"\x9b\x04",  # without a length
    b"\xc6\x05\x04",  # half a packet, in the newer form
    b"\xc6\xc0\x00" + b"\x04" * 192,
    b"\xc6\xff\x00\x00\x00\x01\x04",
    b"\xc6\xff\x00",  # half a length
    b"\xc6\xe0\x04",  # a partial length
    b"\xc2\x00",  # a signature and no key
    b"",
)
VERDICTS = (
    b"[GNUPG:] GOODSIG 2EAB6EE0343DF471 one\n[GNUPG:] NEWSIG\n[GNUPG:] \n",
    b"[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG 2EAB6EE0343DF471\n",
)
TERMINAL = (
    b"\x1b\x1b[A\x1b\x1bx\x1bOx\x1bO",
    b"\x1bx\x1b\xc3\xa4\x1b ",
    b"\x1b[1\x05\x1b[1;5~\x1b[3;5~\x1b[3;2~",
    b"\x01\x1a\x1f",
    b"\xff\xc3(\xe2\x82",
)
HTTP = (
    b"2HTTP/1.1 206 Part\r\nContent-Range: bytes 2-3/4\r\n\r\nu",  # shorter than it says itself
    b"0HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nnot so",
)
DATABASES = (
    b"<hosts/>",
    b"<database>" + b"<a>" * 6,
    b'<database><table name="VM">' + b"<row ref='a'/>" * 3 + b"</table></database>",
)
LARGE_DATABASES = (b'<database><table name="VM">' + b"<row ref='a'/>" * 20_001, b" " * (16 * 2**20 + 1))
