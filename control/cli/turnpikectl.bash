# SPDX-License-Identifier: BSD-3-Clause
# Completion of turnpikectl for bash: turnpikectl knows the words, the shell picks those that fit; file names where there are none.
_turnpikectl()
{
	local IFS=$'\n'
	COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" --complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _turnpikectl turnpikectl
