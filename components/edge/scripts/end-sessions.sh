# shellcheck shell=bash
# Ends the sessions that people have at applications of Access: who may still pass is let in again without a word, as long as
# the login at Access itself lasts, and who may not is refused.
# Parameters: API (address with /client/v4), ACCOUNT, TOKEN, APPLICATIONS (a line each: id and name).
# https://developers.cloudflare.com/api/resources/zero_trust/subresources/access/subresources/applications/methods/revoke_tokens/
# shellcheck source=../../remote/scripts/step.sh disable=SC2154,SC2153

main() {
  work=$(mktemp -d /run/homelab-sessions.XXXXXX)
  trap 'rm -rf "$work"' EXIT
  local id title
  while read -r id title; do
    if [[ -n $id ]]; then end_sessions "$id" "$title"; fi
  done <<<"$APPLICATIONS"
}

# What is secret travels in curl's config on standard input. curl itself repeats after 429, 5xx and failed connections.
end_sessions() {
  local status
  status=$(
    curl -sS --retry 5 --retry-connrefused --retry-max-time 60 --connect-timeout 10 --max-time 90 \
      -X POST -o "$work/body" -w '%{http_code}' -K - "$API/accounts/$ACCOUNT/access/apps/$1/revoke_tokens" \
      2>"$work/error" <<<"header = \"Authorization: Bearer $TOKEN\""
  ) || fail "sessions at Access: Cloudflare's API cannot be reached at $API: $(tail -n 1 "$work/error")" \
    "who was taken out may still have a session; run up again when it can"
  case $status in
    2??) ;;
    # Somebody deleted it by hand, and its sessions with it.
    404) note "the Access application of $2 is gone; npm run up -- --refresh makes it again" ;;
    *)
      fail "sessions at Access: Cloudflare's API refuses to end those at $2 ($status): $(tr -d '\n' <"$work/body" | cut -c 1-200)" \
        "the token of homelab:edge.apiToken needs Access: Apps and Policies, Edit"
      ;;
  esac
}

main "$@" </dev/null
