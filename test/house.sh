#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the house says about itself is true: the files that README.md, HACKING.md and the headers name exist, every
# option is in its manual page and its completion, every source has its licence, manual pages and scripts are well
# formed, and nothing is in the repository that does not belong there.

cd "$(dirname "$0")/.." || exit 2
BUILD=${BUILD:-build}
passed=0 failed=0

# check NAME FUNCTION [ARG...]: a test; what the function prints is what is wrong
check() {
	local name=$1 said

	shift
	said=$("$@" 2>&1)
	if [ -z "$said" ]; then
		printf 'ok house/%s\n' "$name"
		passed=$((passed + 1))
	else
		printf 'FAIL house/%s (%s)\n' "$name" "$(tr '\n' ' ' <<<"$said")"
		failed=$((failed + 1))
	fi
}

# files PATTERN...: sources that match, whether or not this is a git checkout; not what was built
files() {
	local args=() pattern

	for pattern; do
		args+=(-o -name "$pattern")
	done
	find . \( -name .git -o -path './build*' \) -prune -o -type f \( "${args[@]:1}" \) -print | sed 's|^\./||' | sort
}

exists() {
	compgen -G "$1" >/dev/null || echo "$2 names $1"
}

# words: of standard input, what stands between backticks
words() {
	# shellcheck disable=SC2016
	grep -o '`[^`]*`' | tr -d '`'
}

paths_in_text() {
	local word

	for word in $(words <"$1" | grep -E '^[a-z][a-zA-Z0-9_./*-]*/[a-zA-Z0-9_.*-]*$'); do
		case $word in
		build/*) ;;
		*NAME*) ;;
		*) exists "$word" "$1" ;;
		esac
	done
}

# In the table of folders a file's name stands behind its folder's
paths_in_table() {
	local folder rest word

	while IFS='|' read -r _ folder _ rest; do
		folder=$(tr -d ' `' <<<"$folder")
		[[ $folder == */ ]] || continue
		for word in $(words <<<"$rest"); do
			[[ $word == *.* || $word == */ ]] && exists "$folder$word" 'the map of the house'
		done
	done < <(cat HACKING.md)
}

folders_in_table() {
	local dir

	for dir in */; do
		case $dir in build*) continue ;; esac
		# shellcheck disable=SC2016
		grep -qF "| \`$dir\` |" HACKING.md || echo "HACKING.md does not name $dir"
	done
}

paths_in_comments() {
	local file word

	for file in $(files '*.[ch]' '*.def'); do
		# shellcheck disable=SC2013
		for word in $(grep -v 'include/linux/' "$file" |
			grep -oE '\b(common|deputy|remote|cluster|include|tools|test|bench)/[a-zA-Z0-9_/]+\.[a-z]+'); do
			exists "$word" "$file"
		done
	done
}

licences() {
	local file

	for file in $(files '*.[ch]' '*.def' '*.sh' '*.bash' '*.lds' '*.in' '*.[1-8]' Makefile demo); do
		head -n 3 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-or-later' || echo "$file"
	done
}

options_documented() {
	local prog=$1 page=$2 option

	for option in $("$BUILD/bin/$prog" --help | grep -oE -- '(^ *|, +|\[)--[a-z][a-z-]+' | grep -o -- '--.*' | sort -u); do
		sed 's/\\-/-/g; s/Fl Fl \([a-z]\)/--\1/g; s/Fl -/--/g' "$page" | grep -qF -- "$option" ||
			echo "$page lacks $option"
		grep -qF -- "$option" tools/completion.bash || echo "the completion lacks $option"
	done
}

# What is spelled out in one place as the value of something in another
numbers_documented() {
	local name text file value

	while read -r name file text; do
		value=$(sed -n "s/^#define ${name}[[:space:]]*(\{0,1\}\([0-9]*\)u\{0,1\}.*/\1/p" "$file")
		grep -rqE "${text/VALUE/$value}" README.md man || echo "$name is $value; no page says so"
	done <<-END
		NODE_PORT include/node.h port.VALUE
		INTAKE_HALFOPEN_MAX cluster/intake.h VALUE.connections
		REMOTES_MAX cluster/remotes.h VALUE.om-remotes
		WIRE_DATA_MAX include/wire.h at.most.VALUE
	END
}

pages_well_formed() {
	local page

	command -v groff >/dev/null || return
	for page in man/*.[1-8]; do
		groff -mandoc -Tutf8 -ww -z "$page"
	done
}

scripts_well_formed() {
	local file

	for file in $(files '*.sh' '*.bash') demo .ci/run; do
		case $(head -n 1 "$file") in
		'#!/bin/sh') sh -n "$file" ;;
		*) bash -n "$file" ;;
		esac
	done
}

# In the repository is what people write: no large file, and no binary one, such as tests and builds leave behind
nothing_left_behind() {
	local file

	git rev-parse --git-dir >/dev/null 2>&1 || return
	git ls-files | while read -r file; do
		[ -f "$file" ] || continue
		[ "$(wc -c <"$file")" -le 1048576 ] || echo "$file is large"
		[ ! -s "$file" ] || grep -qI . "$file" || echo "$file is binary"
		case $file in
		*/* | .* | *.md | LICENSE | Makefile | demo) ;;
		*) echo "$file is not one of the top level's" ;;
		esac
	done
}

nothing_unfinished() {
	# shellcheck disable=SC2046
	grep -rnE 'TODO|FIXME|XXX:' $(files '*.[ch]' '*.def' '*.sh' '*.md') | grep -v '^test/house.sh'
}

check paths_in_readme paths_in_text README.md
check paths_in_hacking paths_in_text HACKING.md
check paths_in_table paths_in_table
check folders_in_table folders_in_table
check paths_in_comments paths_in_comments
check licences licences
for prog in omrun omctl omps; do
	check "options_of_$prog" options_documented $prog man/$prog.1
done
check options_of_omd options_documented omd man/omd.8
check numbers_documented numbers_documented
check pages_well_formed pages_well_formed
check scripts_well_formed scripts_well_formed
check nothing_left_behind nothing_left_behind
check nothing_unfinished nothing_unfinished
printf 'house: %d passed, %d failed\n' $passed $failed
[ $failed = 0 ]
