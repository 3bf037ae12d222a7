# shellcheck shell=bash
# The node's certificates, which RKE2 renews only as it starts, and only those that end within 120 days:
# https://docs.rke2.io/security/certificates
# shellcheck source=rke2.sh

# certificate_end: when the first of them ends, RFC 3339; nothing before there are any. kube-proxy does not run here, and
# nobody renews what it may have left.
certificate_end() {
  if [[ ! -x /usr/local/bin/rke2 || ! -d /var/lib/rancher/rke2/agent ]]; then return 0; fi
  rke2 certificate check --output json | tr '{' '\n' | sed -n '/"client-kube-proxy.crt"/d; s/.*"ExpiryTime":"\([^"]*\)".*/\1/p' |
    sort | sed -n 1p
}

# certificates_end_within DAYS
certificates_end_within() {
  local end
  end=$(certificate_end)
  [[ -n $end ]] && (($(date -d "$end" +%s) < $(date +%s) + $1 * 86400))
}
