"""The machine: everything that reads or changes disks, networks and files."""
