#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: tools/deps.sh PACKAGE...
# Install those of the Debian packages that are missing. Says nothing, and asks for nothing, when none is.

set -u

say() {
	printf 'deps: %s\n' "$*" >&2
}

if ! command -v dpkg-query >/dev/null; then
	say "this is not Debian; what corresponds to these packages is needed: $*"
	exit 1
fi

installed=" $(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null |
	awk '$2 == "installed" { printf "%s ", $1 }')"
missing=
for package; do
	case $installed in
	*" $package "*) ;;
	*) missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		say "no sudo here. As root: apt-get install$missing"
		exit 1
	fi
	sudo=sudo
fi

log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

# The package lists of a fresh machine are empty or old: then they are fetched, and it is tried again.
# shellcheck disable=SC2086
install() {
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq -y --no-install-recommends \
		install $missing >"$log" 2>&1 </dev/null
}

say "installing$missing"
if install || { $sudo apt-get -o DPkg::Lock::Timeout=300 -qq update >/dev/null 2>&1 && install; }; then
	exit 0
fi
cat "$log" >&2
say "apt-get could not install$missing"
exit 1
