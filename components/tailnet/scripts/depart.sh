# shellcheck shell=bash
# When the site is destroyed: puts the policy back to what it was, and takes the site's devices, Services and keys out of the
# tailnet.
# While others live by the policy it only loses what is this site's.
# Parameters: API (address with /api/v2), TAILNET, CLIENT_ID, CLIENT_SECRET, TAGS and OTHER_TAGS (of other sites; separated by
# blanks), OWNS_POLICY (yes or no), POLICY_BEFORE (empty: Tailscale's default), POLICY_WRITTEN (what this stack wrote),
# POLICY_WITHOUT (the same without this site).
# shellcheck source=../../remote/scripts/step.sh disable=SC2154,SC2153

main() {
  work=$(mktemp -d /run/homelab-departure.XXXXXX)
  trap 'rm -rf "$work"' EXIT
  sign_in
  # First: what comes after takes away what the API may be asked with.
  if [[ $OWNS_POLICY == yes ]]; then restore_policy; fi
  remove_devices
  remove_services
  revoke_keys
}

# ask METHOD PATH [CURL CONFIG LINES]: leaves the answer in $work/body and its code in $status. What is secret travels in
# curl's config on standard input. curl itself repeats after 429, 5xx and failed connections and honours Retry-After.
ask() {
  local extra=${3:-}
  status=$(
    curl -sS --retry 5 --retry-connrefused --retry-max-time 60 --connect-timeout 10 --max-time 90 \
      -X "$1" -D "$work/headers" -o "$work/body" -w '%{http_code}' -K - "$API/$2" 2>"$work/error" <<<"$extra"
  ) || fail "departure: Tailscale's API cannot be reached at $API: $(tail -n 1 "$work/error")" \
    "nothing else is lost; run destroy again when it can"
}

# ask_as_client METHOD PATH [CURL CONFIG LINES]: the same with the token.
ask_as_client() {
  ask "$1" "$2" "header = \"Authorization: Bearer $token\""$'\n'"${3:-}"
}

refused() {
  fail "departure: Tailscale's API refuses to $1 ($status): $(tr -d '\n' <"$work/body" | cut -c 1-200)" \
    "the OAuth client of homelab:tailnet.oauth needs the scope $2; docs/tailnet.md lists all"
}

sign_in() {
  ask POST oauth/token "user = \"$CLIENT_ID:$CLIENT_SECRET\""$'\n'"data = \"grant_type=client_credentials\""
  token=$(sed -nE 's/.*"access_token" *: *"([^"]*)".*/\1/p' "$work/body")
  if [[ $status != 200 || -z $token ]]; then
    fail "departure: the OAuth client that this site was deployed with is not accepted any more ($status)" \
      "put a valid one behind homelab:tailnet.oauth, run up once, then destroy"
  fi
}

# list_devices: leaves them in $work/devices, one line a device: the list is flat, and names hold no braces.
list_devices() {
  ask_as_client GET "tailnet/$TAILNET/devices"
  [[ $status == 200 ]] || refused "list devices" devices:core
  { tr -d '\n' <"$work/body" | sed 's/{/\n{/g'; echo; } >"$work/devices"
}

# has_own_tag LINE: whether a device or a key is this site's.
has_own_tag() {
  local tag
  for tag in $TAGS; do
    if [[ $1 == *"\"$tag\""* ]]; then return 0; fi
  done
  return 1
}

remove_devices() {
  list_devices
  local line id
  while IFS= read -r line; do
    id=$(sed -nE 's/.*"nodeId" *: *"([^"]*)".*/\1/p' <<<"$line")
    if [[ -z $id ]]; then id=$(sed -nE 's/.*"id" *: *"([^"]*)".*/\1/p' <<<"$line"); fi
    if [[ -z $id ]] || ! has_own_tag "$line"; then continue; fi
    ask_as_client DELETE "device/$id"
    [[ $status == 200 || $status == 404 ]] || refused "remove a device" devices:core
    note "removed the device $(sed -nE 's/.*"name" *: *"([^"]*)".*/\1/p' <<<"$line") from the tailnet"
  done <"$work/devices"
}

# Services of Tailscale's that carry tags of this site alone: the operator takes its own with it where it still runs, and those of a
# cluster that is lost stay. One question a Service, for a list nests its objects. A client without the scope is told nothing of
# them, and so may one whose tailnet never had any (tailscale/tailscale#19471).
remove_services() {
  ask_as_client GET "tailnet/$TAILNET/vip-services"
  if [[ $status == 403 || $status == 404 ]]; then return 0; fi
  [[ $status == 200 ]] || refused "list Services" services
  local name names
  names=$(tr -d '\n' <"$work/body" | grep -oE '"name" *: *"svc:[^"]*"' | sed -E 's/.*"([^"]*)"$/\1/' || true)
  for name in $names; do
    ask_as_client GET "tailnet/$TAILNET/vip-services/$name"
    if [[ $status == 404 ]]; then continue; fi
    [[ $status == 200 ]] || refused "read a Service" services
    if ! has_own_tags_alone "$(tr -d '\n' <"$work/body" | grep -oE '"tags" *: *\[[^]]*\]' || true)"; then continue; fi
    ask_as_client DELETE "tailnet/$TAILNET/vip-services/$name"
    [[ $status == 200 || $status == 404 ]] || refused "remove a Service" services
    note "removed the Service $name from the tailnet"
  done
}

# has_own_tags_alone LINE: whether it has tags, and all are this site's.
has_own_tags_alone() {
  local tag own=1
  for tag in $(grep -oE '"tag:[^"]*"' <<<"$1" | tr -d '"'); do
    if [[ " $TAGS " != *" $tag "* ]]; then return 1; fi
    own=0
  done
  return "$own"
}

# The operator makes auth keys for itself and its Connectors that nobody revokes. One question a key: a list nests its
# objects. OAuth clients are listed among them, with tags too: they are people's, or Pulumi's to delete.
revoke_keys() {
  ask_as_client GET "tailnet/$TAILNET/keys?all=true"
  [[ $status == 200 ]] || refused "list keys" auth_keys
  local id
  while IFS= read -r id; do
    if [[ $id == "$CLIENT_ID" ]]; then continue; fi
    ask_as_client GET "tailnet/$TAILNET/keys/$id"
    if [[ $status == 404 ]]; then continue; fi
    [[ $status == 200 ]] || refused "read a key" auth_keys
    if ! grep -qE '"keyType" *: *"auth"' "$work/body"; then continue; fi
    if ! has_own_tag "$(<"$work/body")"; then continue; fi
    ask_as_client DELETE "tailnet/$TAILNET/keys/$id"
    [[ $status == 200 || $status == 404 ]] || refused "revoke a key" auth_keys
    note "revoked the key $id, which the tailnet's operator had made"
  done < <(tr -d '\n' <"$work/body" | grep -oE '"id" *: *"[^"]*"' | sed -E 's/.*"([^"]*)"$/\1/')
}

# Whether others live by the policy too: devices of its other sites, and any with a tag that the policy before did not know, so
# that under that one it would have no owner and its rules would be gone.
others_live() {
  list_devices
  local line tag
  while IFS= read -r line; do
    if has_own_tag "$line"; then continue; fi
    for tag in $(grep -oE '"tag:[^"]*"' <<<"$line" | tr -d '"'); do
      if [[ " $OTHER_TAGS " == *" $tag "* || $POLICY_BEFORE != *"\"$tag\""* ]]; then return 0; fi
    done
  done <"$work/devices"
  return 1
}

# A policy's text without its form, for Tailscale's server formats what is posted.
shapeless() { tr -d ' \t\r\n' | sed -E 's/,([]}])/\1/g'; }

restore_policy() {
  local hujson="header = \"Accept: application/hujson\"" wanted=$POLICY_BEFORE told in_force
  told="the tailnet's policy is what it was before this stack"
  if others_live; then
    wanted=$POLICY_WITHOUT
    told="the tailnet's policy stays for the other devices that live by it and loses this site's parts; another site"
    told+=" should have homelab:tailnet.policy from now on, or you keep it in the admin console"
  fi
  ask_as_client GET "tailnet/$TAILNET/acl" "$hujson"
  [[ $status == 200 ]] || refused "read the policy" policy_file
  if [[ -z $wanted ]] && grep -qi '^etag: *"*ts-default' "$work/headers"; then return 0; fi
  in_force=$(shapeless <"$work/body")
  if [[ $in_force == "$(printf '%s' "$wanted" | shapeless)" ]]; then return 0; fi
  if [[ $in_force != "$(printf '%s' "$POLICY_WRITTEN" | shapeless)" ]]; then
    note "the tailnet's policy was edited elsewhere since this stack wrote it, so it stays as it is; look at it in the" \
      "admin console under Access controls"
    return 0
  fi
  printf '%s' "$wanted" >"$work/policy"
  ask_as_client POST "tailnet/$TAILNET/acl" \
    "header = \"Content-Type: application/hujson\""$'\n'"data-binary = \"@$work/policy\""
  [[ $status == 200 ]] || refused "put the policy back" policy_file
  note "$told"
}

main "$@" </dev/null
