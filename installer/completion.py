"""Completion for bash, made from the command line's own parser: options, commands, and files where files are meant."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from installer.model.machine_file import SHIPPED
from installer.model.source import LocationKind
from installer.options import build_parser

FILES = "@files"
DIRECTORIES = "@directories"
# what a value is, as the help calls it; an address may be a plain path
KINDS = {
    "FILE": FILES, "ANSWERFILE": FILES, "URL": FILES, "[DISK=]PATH": FILES, "DIR": DIRECTORIES,
    "NAME=PATH[,required|optional[,DEST]]": FILES,
}  # fmt: skip
NO_FILE = ("--report",)  # its address is always one beyond the machine
KNOWN_VALUES: dict[str, tuple[str, ...]] = {"--machine": SHIPPED, "--load-drivers": (LocationKind.LOCAL,)}
HEAD = """\
# Completion of installer(8) for bash: `. docs/installer.bash-completion`, or a copy as
# /etc/bash_completion.d/installer. Made from installer/options.py by `make golden`; do not edit.
# shellcheck shell=bash

# what may follow a command; each value is OPTION:KIND, of words and of @files or @directories
_installer_command() {
	case $1 in
"""
FUNCTIONS = """\
	esac
}

_installer_names() {
	local names
	compopt -o filenames 2>/dev/null # a name with a blank in it stays one word
	mapfile -t names < <(compgen "$1" -- "$2")
	COMPREPLY+=("${names[@]}")
}

_installer_offer() {
	local item
	for item in ${1//,/ }; do
		case $item in
		@files) _installer_names -f "$2" ;;
		@directories) _installer_names -d "$2" ;;
		"$2"*) COMPREPLY+=("$item") ;;
		esac
	done
}

_installer() {
	local options='' commands='' arguments='' values='' command='' option='' wanted='' word='' pair i
	local current=${COMP_WORDS[COMP_CWORD]}
	COMPREPLY=()
	_installer_command ''
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [ "$word" = = ]; then # readline parts words here: --option=value, sda=/dev/sdb, name=path
			wanted=$option
		elif [ -n "$wanted" ]; then
			wanted=''
		elif [[ " $values " == *" $word:"* ]]; then
			option=$word wanted=$word
		else
			option=''
			if [[ " $commands " == *" $word "* ]]; then
				command="$command $word"
				_installer_command "${command# }"
			fi
		fi
	done
	[ "$word" = : ] && return # in an address, which nobody but the user knows
	if [ "$current" = = ]; then
		current='' wanted=$option
	fi
	if [ -n "$wanted" ]; then
		for pair in $values; do
			[ "${pair%%:*}" = "$wanted" ] && _installer_offer "${pair#*:}" "$current"
		done
	elif [[ $current == -* ]]; then
		_installer_offer "$options" "$current"
	else
		_installer_offer "$commands $arguments" "$current"
	fi
}

complete -F _installer installer
"""


def bash_completion() -> str:
    """Return the whole file, to be read by bash."""
    return HEAD + "\n".join(_cases("", build_parser())) + "\n" + FUNCTIONS


def _cases(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    """Give what may follow this command, then the same for each of its own commands."""
    below: dict[str, argparse.ArgumentParser] = {}
    options: list[str] = []
    values: list[str] = []
    arguments: list[str] = []
    for action in parser._actions:
        names = [option for option in action.option_strings if option.startswith("--")]
        options += names
        if isinstance(action, argparse._SubParsersAction):
            below = dict(action.choices)
        elif not action.option_strings:
            arguments.append(_kind(action))
        elif action.nargs != 0:
            values += [f"{option}:{_kind(action)}" for option in names]
    yield f"\t'{name}')"
    for what, words in (("options", options), ("commands", list(below)), ("arguments", arguments), ("values", values)):
        yield f"\t\t{what}='{' '.join(words)}'"
    yield "\t\t;;"
    for command, own in below.items():
        yield from _cases(f"{name} {command}".strip(), own)


def _kind(action: argparse.Action) -> str:
    """Return what a value is: words that it can be, files or directories; nothing where only the user knows."""
    known = [word for option in action.option_strings for word in KNOWN_VALUES.get(option, ())]
    kind = "" if set(NO_FILE) & set(action.option_strings) else KINDS.get(str(action.metavar), "")
    return ",".join([*known, *map(str, action.choices or ()), *([kind] if kind else [])])
