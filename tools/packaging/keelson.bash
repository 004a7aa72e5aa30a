# bash completion for keelson
_keelson_words() { # WORD…: those that begin like what is typed
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}
_keelson_clusters() { _keelson_words "$(cd /var/lib/keelson/clusters 2>/dev/null && echo *)"; }
_keelson_nodes() { # of the cluster on the line, or of all
	local cluster='*' i
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in --cluster | --name) cluster=${COMP_WORDS[i + 1]} ;; esac
	done
	_keelson_words "$(cd /var/lib/keelson/clusters 2>/dev/null && ls -d $cluster/nodes/node* 2>/dev/null | sed 's|.*/||' | sort -u)"
}
# The Services in the kernel of the node that the line names; only root can look.
_keelson_services() {
	local where=() i
	for ((i = 1; i + 1 < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in --cluster | --node | --pin-dir) where+=("${COMP_WORDS[i]}" "${COMP_WORDS[i + 1]}") ;; esac
	done
	_keelson_words "$(keelson lb list "${where[@]}" 2>/dev/null | awk 'NR > 1 { sub(/:.*/, "", $1); print $1 }' | sort -u)"
}
_keelson() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} verb=${COMP_WORDS[2]:-}
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		_keelson_words "$(keelson help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')"
		return
	fi
	case $prev in
	--name | --cluster)
		_keelson_clusters
		return
		;;
	--node)
		_keelson_nodes
		return
		;;
	--service | --to)
		_keelson_services
		return
		;;
	-o | --output)
		case $command:$verb in
		lb:list | ct:list) _keelson_words "wide json" ;;
		flows:*) _keelson_words "json compact" ;;
		*) _keelson_words json ;;
		esac
		return
		;;
	--state)
		_keelson_words "new answered open closing closed udp void"
		return
		;;
	--proto)
		_keelson_words "tcp udp sctp"
		return
		;;
	--kind)
		_keelson_words "connect new forward reply end drop all"
		return
		;;
	--verdict)
		_keelson_words "forwarded dropped"
		return
		;;
	--flags)
		_keelson_words "syn ack syn,ack fin,ack rst"
		return
		;;
	--log-level)
		_keelson_words "error warn info debug"
		return
		;;
	--lb-mode)
		_keelson_words "auto xdp generic tc none"
		return
		;;
	--lb-algorithm)
		_keelson_words "random round-robin maglev least-connection"
		return
		;;
	--lb-forwarding)
		_keelson_words "snat dsr dsr-geneve"
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
	# A Service's name, wherever it stands among the options.
	case $command:$verb:$COMP_CWORD:$cur in
	lb:get:2:* | maglev:show:2:* | maglev:disruption:2:* | *:-*) ;;
	lb:get:* | maglev:show:* | maglev:disruption:*)
		_keelson_services
		return
		;;
	esac
	case $command:$COMP_CWORD:$cur in
	help:*) _keelson_words "$(keelson help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')" ;;
	lb:2:[!-]* | lb:2:) _keelson_words "list get" ;;
	ct:2:[!-]* | ct:2:) _keelson_words "list flush" ;;
	maglev:2:[!-]* | maglev:2:) _keelson_words "show disruption" ;;
	token:2:[!-]* | token:2:) _keelson_words "create list delete" ;;
	bench:2:[!-]* | bench:2:) _keelson_words "$(keelson help bench 2>/dev/null | sed -n 's/^  \([a-z]*\) .*/\1/p')" ;;
	*)
		# The options stand in the command's own help.
		_keelson_words "$(keelson help "$command" 2>/dev/null | grep -oE -- '(^|[ ,])--[a-z-]+' | tr -d ' ,' | sort -u)"
		;;
	esac
}
complete -F _keelson keelson
