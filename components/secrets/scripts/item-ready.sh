# shellcheck shell=bash
# On a server: waits until the operator has made an item's Secret, and the Secret has all keys.
# Parameters: NAMESPACE, ITEM (name of the OnePasswordItem and its Secret), TITLE (item and vault as people know them), FOUND
# (path of the item by ids; empty where nobody knows), KEYS (separated by blanks), TYPE (of the Secret).
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  if complete; then return 0; fi
  # The operator comes back to a Secret only at its next look, and never to one that was deleted; a touched item it reads now.
  wait_until 60 touch_item || fail "$TITLE: the OnePasswordItem $NAMESPACE/$ITEM cannot be changed: $(touch_item 2>&1 | cut -c 1-300)"
  wait_until 150 settled || explain
  wait_until 15 complete || incomplete
}

touch_item() {
  kube -n "$NAMESPACE" annotate onepassworditem "$ITEM" --overwrite "homelab/touched=$(date +%s%N)" &&
    kube -n "$NAMESPACE" annotate onepassworditem "$ITEM" homelab/touched-
}

complete() { settled && [[ -z $(missing_keys) ]]; }

incomplete() {
  fail "$TITLE: the Secret $NAMESPACE/$ITEM has no key $(list "$(missing_keys)"): the operator leaves out a field that is empty, and makes keys of labels alone. Correct the fields in 1Password and run up again; it has $(list "$(keys)")"
}

secret() { kube -n "$NAMESPACE" get secret "$ITEM" -o "$1"; }

ready() {
  [[ $(kube -n "$NAMESPACE" get onepassworditem "$ITEM" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}') == True ]]
}

# A condition from before is still there when the item's path has changed: the Secret itself says which item it holds.
settled() {
  ready || return 1
  [[ $(secret 'jsonpath={.type}') == "$TYPE" ]] || return 1
  [[ -z $FOUND || $(secret 'jsonpath={.metadata.annotations.operator\.1password\.io/item-path}') == "$FOUND" ]]
}

# shellcheck disable=SC2016
keys() { secret 'go-template={{range $key, $value := .data}}{{$key}} {{end}}'; }

missing_keys() {
  local key had
  had=" $(keys)"
  for key in $KEYS; do
    if [[ $had != *" $key "* ]]; then printf '%s ' "$key"; fi
  done
}

# list WORDS: `a, b`.
list() {
  local words
  read -ra words <<<"$1"
  local IFS=,
  if ((${#words[@]} == 0)); then printf none; else printf '%s' "${words[*]}" | sed 's/,/, /g'; fi
}

explain() {
  local message
  message=$(kube -n "$NAMESPACE" get onepassworditem "$ITEM" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].message}' 2>&1 | cut -c 1-400)
  fail "$TITLE: the operator made no Secret $NAMESPACE/$ITEM of it within 150 s${message:+: $message}" \
    "$(pods_in onepassword -o wide)"
}

main "$@" </dev/null
