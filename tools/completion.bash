# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion for omrun, omd, omctl and omps in bash.

# Names of nodes: those that run here, then those of the node files
_openmosix_nodes() {
	local dir

	for dir in "$XDG_RUNTIME_DIR/openmosix" /run/openmosix "/tmp/openmosix-$UID"; do
		[ -d "$dir/nodes" ] && [ -O "$dir" ] && ls "$dir/nodes"
	done 2>/dev/null
	sed -n 's/^[[:space:]]*\([[:alnum:]][[:alnum:]._-]*\)[[:space:]].*/\1/p' \
		"$HOME/.config/openmosix/nodes" /etc/openmosix/nodes 2>/dev/null
}

_openmosix_words() {
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "${COMP_WORDS[COMP_CWORD]}")
}

_openmosix_files() {
	mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
	compopt -o filenames
}

_omrun() {
	local i word

	# Behind omrun's own options is a command with words of its own
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		-j | --node | -k | --key | -c | --children) i=$((i + 1)) ;;
		--) i=$((i + 1)); break ;;
		-*) ;;
		*) break ;;
		esac
	done
	if ((i < COMP_CWORD)) || { ((i == COMP_CWORD)) && [[ ${COMP_WORDS[COMP_CWORD - 1]} == -- ]]; }; then
		if declare -F _command_offset >/dev/null; then
			_command_offset "$i"
		elif ((i == COMP_CWORD)); then
			mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
		else
			_openmosix_files
		fi
		return
	fi
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	-j | --node) _openmosix_words "home $(_openmosix_nodes)" ;;
	-k | --key) _openmosix_files ;;
	-c | --children) _openmosix_words 'follow home best' ;;
	*)
		case ${COMP_WORDS[COMP_CWORD]} in
		-*) _openmosix_words '-j --node -k --key -c --children -h --help -V --version' ;;
		*) mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}") ;;
		esac
		;;
	esac
}

_omd() {
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	--key) _openmosix_files ;;
	--listen | --name | --cache | --ready) ;;
	*) _openmosix_words '--listen --name --key --cache --ready --help --version' ;;
	esac
}

_omctl() {
	case $COMP_CWORD:${COMP_WORDS[1]} in
	1:*) _openmosix_words 'keygen status ping --help --version' ;;
	*:keygen) _openmosix_files ;;
	*:status) _openmosix_words "--json $(_openmosix_nodes)" ;;
	*:ping) _openmosix_words "--count --size --json $(_openmosix_nodes)" ;;
	esac
}

_omps() {
	_openmosix_words '-a --all --tree --json --watch --no-headers -h --help -V --version'
}

complete -F _omrun omrun
complete -F _omd omd
complete -F _omctl omctl
complete -F _omps omps
