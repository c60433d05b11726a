"""The demo: serve the payload over HTTP, install onto an image by answerfile, boot it to the dom0 login."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from tests.end_to_end.virtual_machine import LOGIN, Hardware, VirtualMachine
from tests.end_to_end.web_server import serving

PASSWORD = "demo-password"
ANSWERFILE = """<?xml version="1.0"?>
<installation>
  <primary-disk>sda</primary-disk>
  <keymap>us</keymap>
  <root-password>{password}</root-password>
  <source type="url">{source}</source>
  <admin-interface name="eth0" proto="dhcp"/>
  <timezone>Europe/London</timezone>
  <hostname>xen-demo</hostname>
</installation>
"""


def main() -> int:
    """Run the part of the demo that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", type=Path, default=Path("build/demo.img"))
    parser.add_argument("--repository", type=Path, default=Path("build/repository"))
    parser.add_argument("--no-boot", action="store_true")
    parser.add_argument("--console", action="store_true")
    options = parser.parse_args()
    if options.console:
        return console(options.image)
    status = install(options.image, options.repository)
    if status or options.no_boot:
        return status
    return boot(options.image)


def install(image: Path, repository: Path) -> int:
    """Install as an administrator would: one command and an answerfile on a web server."""
    image.parent.mkdir(parents=True, exist_ok=True)
    image.unlink(missing_ok=True)
    served = image.parent / "demo-answers"
    served.mkdir(exist_ok=True)
    with serving(repository) as source, serving(served) as answers:
        served.joinpath("demo.xml").write_text(ANSWERFILE.format(password=PASSWORD, source=source), encoding="utf-8")
        argv = [str(Path(sys.prefix, "bin", "installer")), "--answerfile", f"{answers}demo.xml", "--target", str(image)]
        argv += ["--size", "16G", "--log-dir", str(image.parent / "installer-log"), "install"]
        print("$", " ".join(argv), flush=True)
        return subprocess.run(argv, check=False).returncode


def boot(image: Path) -> int:
    """Boot the image in QEMU until its login prompt shows an address; the image itself is not changed."""
    print(f"Booting {image} in QEMU (emulated: a minute or two) ...", flush=True)
    hardware = Hardware(disks=((image, "raw"),), snapshot=True)
    with VirtualMachine(hardware, image.parent / "demo-console.log") as machine:
        print(machine.wait_for(r"10\.0\.2\.\d+").replace("\r", ""), end="", flush=True)
        print(machine.wait_for(LOGIN).replace("\r", ""), flush=True)
    print(f"\n\nThe host is up. `make console` lets you use it: root, password {PASSWORD}", flush=True)
    return 0


def console(image: Path) -> int:
    """Give the terminal to the host's serial line."""
    print(f"Log in as root, password {PASSWORD}. Ctrl-A X ends the machine.", flush=True)
    argv = Hardware(disks=((image, "raw"),)).argv()
    argv[argv.index("stdio")] = "mon:stdio"
    monitor = argv.index("-monitor")
    return subprocess.run(argv[:monitor] + argv[monitor + 2 :], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
