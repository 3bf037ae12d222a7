# shellcheck shell=bash
# What every step asks of Argo CD about its Applications, which are in NAMESPACE.
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

# ask_anew NAME [KIND]: has an Application compared with the newest commit, and, of the kind hard, its folder rendered anew. By
# `normal` what failed three times at one commit is left alone for an hour, though the host that was shut is open now (argo-cd
# v3.4.4: reposerver/repository, getManifestCacheEntry).
ask_anew() {
  kube -n "$NAMESPACE" annotate application.argoproj.io "$1" "argocd.argoproj.io/refresh=${2:-hard}" --overwrite >/dev/null
}

# looked NAME: whether that was done; the annotation is taken off then (controller/appcontroller.go, persistAppStatus).
looked() {
  local asked
  asked=$(kube -n "$NAMESPACE" get application.argoproj.io "$1" \
    -o 'jsonpath={.metadata.annotations.argocd\.argoproj\.io/refresh}') && [[ -z $asked ]]
}
