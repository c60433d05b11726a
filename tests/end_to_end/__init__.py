"""The whole road: answerfile to booted Xen host."""
