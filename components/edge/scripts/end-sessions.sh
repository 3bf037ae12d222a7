# shellcheck shell=bash
# Ends the sessions that people have at an application of Access: who may still pass is let in again without a word, as long as
# the login at Access itself lasts, and who may not is refused.
# Parameters: API (address with /client/v4), ACCOUNT, TOKEN, APPLICATION (its id), HOST (its public name).
# https://developers.cloudflare.com/api/resources/zero_trust/subresources/access/subresources/applications/methods/revoke_tokens/
# shellcheck source=../../remote/scripts/step.sh disable=SC2154,SC2153

main() {
  work=$(mktemp -d /run/homelab-sessions.XXXXXX)
  trap 'rm -rf "$work"' EXIT
  local status
  # What is secret travels in curl's config on standard input. curl itself repeats after 429, 5xx and failed connections.
  status=$(
    curl -sS --retry 5 --retry-connrefused --retry-max-time 60 --connect-timeout 10 --max-time 90 \
      -X POST -o "$work/body" -w '%{http_code}' -K - "$API/accounts/$ACCOUNT/access/apps/$APPLICATION/revoke_tokens" \
      2>"$work/error" <<<"header = \"Authorization: Bearer $TOKEN\""
  ) || fail "sessions at Access: Cloudflare's API cannot be reached at $API: $(tail -n 1 "$work/error")" \
    "who was taken out may still have a session; run up again when it can"
  case $status in
    2??) ;;
    # Somebody deleted it by hand, and its sessions with it.
    404) note "the Access application of $HOST is gone; npm run up -- --refresh makes it again" ;;
    *)
      fail "sessions at Access: Cloudflare's API refuses to end those at $HOST ($status): $(tr -d '\n' <"$work/body" | cut -c 1-200)" \
        "the token of homelab:edge.apiToken needs Access: Apps and Policies, Edit"
      ;;
  esac
}

main "$@" </dev/null
