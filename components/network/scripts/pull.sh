# shellcheck shell=bash
# On a node: fetches an image before something is updated to it, by the registries and logins that RKE2 has for containerd.
# Parameters: IMAGE.
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  take_turn 1800 pull
  room 2048
  local said
  said=$(CRI_CONFIG_FILE=/var/lib/rancher/rke2/agent/etc/crictl.yaml timeout 1500 crictl pull "$IMAGE" 2>&1) ||
    fail "$(hostname) cannot fetch $IMAGE: $(tail -n 1 <<<"$said" | cut -c 1-400)"
}

main "$@" </dev/null
