# Completion of acmectl for bash. Made by scripts/commands from acmecore/ctl/commands.def.

# Certificates and issuers, as the servers' status names them.
_acmectl_ids() {
  sed -n 's/^ *"id": "\([A-Za-z0-9._@+-]*\)".*/\1/p' /run/acmecore/*/status.json 2>/dev/null
}

_acmectl() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= i
  COMPREPLY=()
  case $before in
    --server) COMPREPLY=($(compgen -W "nginx httpd" -- "$word")); return ;;
    --state) COMPREPLY=($(compgen -d -- "$word")); return ;;
    --runtime) COMPREPLY=($(compgen -d -- "$word")); return ;;
    --warning) return ;;
    --critical) return ;;
    --reason) COMPREPLY=($(compgen -W "keyCompromise superseded cessationOfOperation unspecified" -- "$word")); return ;;
    --name) return ;;
  esac
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case ${COMP_WORDS[i]} in
      --server|--state|--runtime|--warning|--critical|--reason|--name) ((++i)) ;;
      -*) ;;
      *) command+=${command:+ }${COMP_WORDS[i]}
         case $command in account) ;; *) break ;; esac ;;
    esac
  done
  local words= folders=
  case $command in
    "") words="status renew log check revoke export eject import dns-persist issuers account --server --state --runtime" ;;
    account) words="show rollover agree deactivate" ;;
    status) words="--json --check --warning --critical --server --state --runtime $(_acmectl_ids)" ;;
    renew) words="--force --dry-run --wait --server --state --runtime $(_acmectl_ids)" ;;
    log) words="--json --server --state --runtime $(_acmectl_ids)" ;;
    check) words="--json --server --state --runtime $(_acmectl_ids)" ;;
    revoke) words="--reason --no-order --server --state --runtime $(_acmectl_ids)" ;;
    export) words="--server --state --runtime $(_acmectl_ids)" folders=1 ;;
    eject) words="--server --state --runtime" folders=1 ;;
    import) words="--name --dry-run --server --state --runtime certbot mod_md nginx-acme" folders=1 ;;
    dns-persist) words="--server --state --runtime $(_acmectl_ids)" ;;
    issuers) words="--json --server --state --runtime" ;;
    "account show"*) words="--json --server --state --runtime $(_acmectl_ids)" ;;
    "account rollover"*) words="--server --state --runtime $(_acmectl_ids)" ;;
    "account agree"*) words="--server --state --runtime $(_acmectl_ids)" ;;
    "account deactivate"*) words="--yes --server --state --runtime $(_acmectl_ids)" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  [ -z "$folders" ] || COMPREPLY+=($(compgen -d -- "$word"))
}

complete -o filenames -F _acmectl acmectl
