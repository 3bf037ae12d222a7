# shellcheck shell=bash
# On a server: tells its API server of a provider in the cluster, by which people sign on. It reads the file again by itself, and
# goes by it only once it has fetched the provider's keys; it tries each minute (kubernetes,
# pkg/kubeapiserver/options/authentication.go).
# Parameters: FILE, CONFIG (JSON of one line; @AUTHORITY@ in it stands for the certificate of the site's own authority), HOST (the
# provider's name).
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  take_turn 600
  local config=$CONFIG authority
  if [[ $config == *@AUTHORITY@* ]]; then
    authority=$(kube -n cert-manager get secret internal-ca -o 'jsonpath={.data.tls\.crt}' | base64 -d | awk '{ printf "%s\\n", $0 }')
    [[ -n $authority ]] || fail "the site's own authority is not there: kubectl -n cert-manager get certificate,secret internal-ca"
    config=${config//@AUTHORITY@/"$authority"}
  fi
  # In place: the pod of the API server has this very file, and would keep the old one of two.
  if [[ $(cat "$FILE") != "$config" ]]; then printf '%s\n' "$config" >"$FILE"; fi
  # Whoever looks after the LAN's resolver learns of the name from this very run: to wait for it would be to wait for ever.
  if ! getent ahostsv4 "$HOST" >/dev/null; then
    note "$(hostname) does not find $HOST: until the LAN's resolver has the site's names, its API server takes no tokens of people (docs/identity.md)"
    return 0
  fi
  wait_until 300 taken ||
    fail "$(hostname): the API server does not take people's tokens, for it cannot fetch the keys of $HOST: $(asked)" \
      "the gateway has to answer there, with a certificate of the site's (docs/identity.md)"
}

# Whether the API server goes by the file as it is: its metrics have the hash of what it goes by.
taken() {
  local hash
  hash=$(sha256sum <"$FILE" | cut -d ' ' -f 1)
  kube get --raw /metrics | grep '^apiserver_authentication_config_controller_last_config_info{' | grep -F "\"sha256:$hash\""
}

asked() { curl -sSk --max-time 10 -o /dev/null -w 'it answers %{http_code} here' "https://$HOST/.well-known/openid-configuration" 2>&1 | tail -n 1; }

main "$@" </dev/null
