# shellcheck shell=bash
# On a server: waits until trust-manager's webhook judges Bundles. Its pods are Ready before the authority of its
# certificate has reached the API server, which refuses every Bundle until then (cert-manager's cainjector writes it into
# the webhook's configuration).
# Parameters: BUNDLE (one of a name that nobody has; nothing is kept of it). RELEASE is not read: a new one is asked once
# more.
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  wait_until 180 judges ||
    fail "trust-manager's webhook takes no Bundle after 180 s: $(judges 2>&1 | cut -c 1-600)" \
      "$(pods_in cert-manager -o wide)"
}

judges() { kube create --dry-run=server -f <(printf "%s" "$BUNDLE"); }

main "$@" </dev/null
