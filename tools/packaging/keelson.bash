# bash completion for keelson
_keelson() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(keelson help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')" -- "$cur")
		return
	fi
	case $prev in
	--name)
		mapfile -t COMPREPLY < <(compgen -W "$(cd /var/lib/keelson/clusters 2>/dev/null && echo *)" -- "$cur")
		return
		;;
	--node)
		mapfile -t COMPREPLY < <(compgen -W "$(cd /var/lib/keelson/clusters 2>/dev/null && ls */nodes 2>/dev/null | grep '^node')" -- "$cur")
		return
		;;
	-o | --output)
		mapfile -t COMPREPLY < <(compgen -W "json" -- "$cur")
		return
		;;
	--log-level)
		mapfile -t COMPREPLY < <(compgen -W "error warn info debug" -- "$cur")
		return
		;;
	--lb-mode)
		mapfile -t COMPREPLY < <(compgen -W "auto xdp generic tc" -- "$cur")
		return
		;;
	*-dir | *-root | --out | --demo-images)
		compopt -o dirnames
		return
		;;
	--kubeconfig | --write-kubeconfig | --cni-plugin | *-file)
		compopt -o default
		return
		;;
	esac
	if [ "$command" = help ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(keelson help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')" -- "$cur")
	else
		# The options stand in the command's own help.
		mapfile -t COMPREPLY < <(compgen -W "$(keelson help "$command" 2>/dev/null | grep -oE -- '(^|[ ,])--[a-z-]+' | tr -d ' ,' | sort -u)" -- "$cur")
	fi
}
complete -F _keelson keelson
