#!/bin/sh
# Has Home Assistant trust proxies ($2: a JSON list of networks) from its next start on: writes them into the settings of its
# server in its folder ($1), and leaves all others as they are. A file of before 2026.8 (version 1, no `stable` in it) becomes one
# of version 2, as _HTTPStore._async_migrate_func makes it; where there is none, one begins with HTTP_STORAGE_SCHEMA's defaults.
# `stable` is what was confirmed: nothing in it is on trial. That YAML was read is said, or Home Assistant would read it now, find
# other settings there or none, and try them instead (home-assistant/core, homeassistant/components/http/config.py).
set -eu
umask 077

# shellcheck disable=SC2016 # the variables are jq's
trusting='
  { server_port: 8123, cors_allowed_origins: ["https://cast.home-assistant.io"], login_attempts_threshold: -1,
    ip_ban_enabled: true, ssl_profile: "modern", use_x_frame_options: true } as $defaults
  | if .data.stable then . else
      { version: 2, minor_version: 1, key: "http",
        data: { stable: ($defaults + .data | del(.base_url)), pending: null } }
    end
  | .data.stable += { use_x_forwarded_for: true, trusted_proxies: $proxies }
  | .data.yaml_migration_done = true'

main() {
  store=$1/.storage/http
  mkdir -p "$1/.storage"
  if [ -s "$store" ]; then cat "$store"; else echo '{}'; fi |
    jq --argjson proxies "$2" "$trusting" >"$store.new"
  mv "$store.new" "$store"
}

main "$@"
