# shellcheck shell=bash
# On a server: waits until the operator has made an item's Secret, and the Secret has all keys.
# Parameters: NAMESPACE, ITEM (name of the OnePasswordItem and its Secret), TITLE (item and vault as people know them), FOUND
# (path of the item by ids; empty where nobody knows), KEYS (separated by blanks), TYPE (of the Secret).
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  if complete; then return 0; fi
  wait_until 60 touch_item || fail "$TITLE: the OnePasswordItem $NAMESPACE/$ITEM cannot be changed: $(touch_item 2>&1 | cut -c 1-300)"
  wait_until "$patience" followed || explain
}

# Seconds for the operator, and for the cluster's Connect, which fetches what has changed in 1Password in its own time.
patience=240

# The operator comes back to a Secret only at its next look, and never to one that was deleted; a touched item it reads now. What
# it is given then may be the item from before: it does not ask for that again.
followed() {
  if complete; then return 0; fi
  if ((SECONDS >= next_touch)); then touch_item; fi
  return 1
}

touch_item() {
  next_touch=$((SECONDS + 10))
  kube -n "$NAMESPACE" annotate onepassworditem "$ITEM" --overwrite "homelab/touched=$(date +%s%N)" &&
    kube -n "$NAMESPACE" annotate onepassworditem "$ITEM" homelab/touched-
}

complete() { settled && [[ -z $(missing_keys) ]]; }

incomplete() {
  fail "$TITLE: the Secret $NAMESPACE/$ITEM has no key $(list "$(missing_keys)"): the operator leaves out a field that is empty, and makes keys of labels alone. Correct the fields in 1Password and run up again; it has $(list "$(keys)")" \
    "with the field filled in, the cluster's Connect is behind 1Password: kubectl -n onepassword logs deploy/onepassword-connect -c connect-sync"
}

secret() { kube -n "$NAMESPACE" get secret "$ITEM" -o "$1"; }

ready() {
  [[ $(kube -n "$NAMESPACE" get onepassworditem "$ITEM" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}') == True ]]
}

# A condition from before is still there when the item's path has changed: the Secret itself says which item it holds.
settled() {
  ready || return 1
  [[ $(secret 'jsonpath={.type}') == "$TYPE" ]] || return 1
  [[ -z $FOUND || $(held) == "$FOUND" ]]
}

# Path of the item that the Secret is of.
held() { secret 'jsonpath={.metadata.annotations.operator\.1password\.io/item-path}'; }

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

# Of several items of a title the operator takes the oldest, and says so in its log alone.
of_another() {
  local path
  path=$(held 2>/dev/null) || return 0
  if [[ -z $FOUND || -z $path || $path == "$FOUND" ]]; then return 0; fi
  fail "$TITLE: the Secret $NAMESPACE/$ITEM is of another item of this title ($path): of several the operator takes the oldest, archived ones too. Rename or delete it in 1Password and run up again"
}

explain() {
  local message
  if settled; then incomplete; fi
  if ready; then of_another; fi
  message=$(kube -n "$NAMESPACE" get onepassworditem "$ITEM" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].message}' 2>&1 | cut -c 1-400)
  fail "$TITLE: the operator made no Secret $NAMESPACE/$ITEM of it within $patience s${message:+: $message}" \
    "$(pods_in onepassword -o wide)"
}

main "$@" </dev/null
