"""The installer that turns a bare x86-64 machine into a Xen host: its command, answers and rules."""

VERSION = "0.1.0"
