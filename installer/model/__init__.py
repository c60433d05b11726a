"""What the installer knows and decides: plain data and rules, without any effect on the machine."""
