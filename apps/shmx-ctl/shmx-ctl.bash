# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Completion of shmx-ctl for bash. What there is to complete is read from --help, which starts
# nothing and takes a few milliseconds.

# Names of the commands, a line each.
_shmx_ctl_commands() {
	"$1" --help 2>/dev/null | sed -n '/^Usage:/,/^  --/s/^  \([a-z][a-z ]*[a-z]\).*/\1/p'
}

# Options in a text of --help, as "--name VALUE" where they take one.
_shmx_ctl_options() {
	"$@" --help 2>/dev/null | grep -Eo -- '(^ +|[,;] +)--[a-z][a-z-]*( [A-Z]+)?' |
		grep -Eo -- '--[a-z][a-z-]*( [A-Z]+)?' || true # some commands have none
}

# _shmx_ctl_reply WORDS CUR: those of them that begin so.
_shmx_ctl_reply() {
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_shmx_ctl() {
	local program=${COMP_WORDS[0]} cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local commands options word words='' name='' first skip=''

	commands=$(_shmx_ctl_commands "$program")
	options=$(_shmx_ctl_options "$program")
	# What is neither an option nor its value.
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		if [[ $skip ]]; then
			skip=''
		elif [[ $word == -* ]]; then
			! grep -q -- "^$word [A-Z]" <<<"$options" || skip=1
		else
			words+=${words:+ }$word
		fi
	done
	first=${words%% *}
	for word in "$first" "$(cut -d ' ' -f 1,2 <<<"$words")"; do
		! grep -qxF -- "$word" <<<"$commands" || name=$word
	done
	# shellcheck disable=SC2086 # a name may have two words
	[[ ! $name ]] || options+=$'\n'$(_shmx_ctl_options "$program" $name)

	COMPREPLY=()
	case $prev in
	--config | --output | -o) mapfile -t COMPREPLY < <(compgen -f -- "$cur") && return ;;
	--port) _shmx_ctl_reply 'virtio_user af_packet af_xdp eth' "$cur" && return ;;
	esac
	if grep -q -- "^$prev [A-Z]" <<<"$options"; then
		return # its value is the user's to know
	elif [[ $cur == -* ]]; then
		_shmx_ctl_reply "$(cut -d ' ' -f 1 <<<"$options")" "$cur"
	elif [[ ! $words ]]; then
		_shmx_ctl_reply "$(cut -d ' ' -f 1 <<<"$commands" | sort -u)" "$cur"
	elif [[ ! $name ]]; then
		_shmx_ctl_reply "$(sed -n "s/^$first //p" <<<"$commands")" "$cur"
	elif [[ $words == "put "* ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	fi
}

complete -F _shmx_ctl shmx-ctl
