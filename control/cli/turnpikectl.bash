# SPDX-License-Identifier: BSD-3-Clause
# Completion of turnpikectl for bash: turnpikectl knows the words, and ends with 5 where a file is meant; the shell picks those that fit. Not by compgen -W, which
# would expand what stands in a word.
_turnpikectl()
{
	local words word
	words=$("${COMP_WORDS[0]}" --complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
	[ $? -ne 5 ] || compopt -o default
	COMPREPLY=()
	while IFS= read -r word; do
		[[ -z $word || $word != "${COMP_WORDS[COMP_CWORD]}"* ]] || COMPREPLY+=("$word")
	done <<<"$words"
}
complete -F _turnpikectl turnpikectl
