# Read the files that describe the host: lines KEY=value, as the installer writes them.
# Sourced. DOM0_ROOT puts a directory before every path (tests).
#
# Results come back in variables and not on standard output: starting a process for every
# value read would cost seconds at every boot of a slow machine.
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2034

ROOT=${DOM0_ROOT:-}
carriage_return=$(printf '\r')
newline='
'

# value FILE KEY: put the value of the last line KEY=value into $value, without quotes.
# Fails, with an empty $value, when there is no such line. The file is read, never executed.
value() {
	value=
	value_status=1
	[ -r "$1" ] || return 1
	while IFS= read -r value_line || [ -n "$value_line" ]; do
		value_line=${value_line#"${value_line%%[![:space:]]*}"}
		case $value_line in
		"$2="*) ;;
		*) continue ;;
		esac
		value=${value_line#*=}
		value=${value%"$carriage_return"}
		case $value in
		\"*)
			value=${value#\"}
			value=${value%%\"*}
			;;
		\'*)
			value=${value#\'}
			value=${value%%\'*}
			;;
		*) value=${value%%[[:space:]]*} ;;
		esac
		value_status=0
	done <"$1"
	return "$value_status"
}

# is_yes TEXT: whether a switch is on.
is_yes() {
	case $1 in
	[Yy][Ee][Ss] | [Tt][Rr][Uu][Ee] | [Oo][Nn] | 1) return 0 ;;
	*) return 1 ;;
	esac
}

# complain TEXT: say what is wrong; on a host it goes to the journal.
complain() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# read_text FILE: put the whole file into $text, empty when there is none.
read_text() {
	text=
	[ -r "$1" ] || return 0
	while IFS= read -r text_line || [ -n "$text_line" ]; do
		text=$text$text_line$newline
	done <"$1"
}

# replace FILE TEXT: put TEXT and a newline into FILE, unless it holds just that.
# The change is whole or not at all, also when the power fails.
replace() {
	if [ -f "$1" ] && [ ! -L "$1" ]; then
		read_text "$1"
		[ "$text" != "$2$newline" ] || return 0
		cp -p "$1" "$1.new"
	else
		rm -f "$1.new"
	fi
	printf '%s\n' "$2" >"$1.new"
	sync "$1.new"
	mv -f "$1.new" "$1"
}

# $ifcfg_files: the ifcfg files' paths, without editors' backups.
ifcfg_files=
for ifcfg_file in "$ROOT"/etc/sysconfig/network-scripts/ifcfg-*; do
	case ${ifcfg_file##*/} in
	*'*' | *[[:space:]]* | *~ | *.bak | *.old | *.orig | *.new | *.rpm* | ifcfg-lo) ;;
	*) ifcfg_files="$ifcfg_files $ifcfg_file" ;;
	esac
done

# device_of FILE: put the name of the network device that an ifcfg file describes into $device.
device_of() {
	value "$1" DEVICE || value=${1##*/ifcfg-}
	device=$value
}

# ifcfg_of DEVICE: put the path of the ifcfg file that describes a device into $file.
ifcfg_of() {
	for file in $ifcfg_files; do
		device_of "$file"
		[ "$device" != "$1" ] || return 0
	done
	return 1
}

# management_interface: put the bridge that carries the host's own address into $interface.
management_interface() {
	value "$ROOT/etc/xensource-inventory" MANAGEMENT_INTERFACE || value=xenbr0
	interface=$value
}
