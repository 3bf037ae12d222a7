# shellcheck shell=bash
# On a server, before the program takes NAME back: has Argo CD let go of what it brings, all of which stays and runs on. Its marks
# go, and its fields come to stand under the name that Pulumi's provider takes over at its first apply.
# Parameters: NAMESPACE (of Argo CD), NAME, RELEASE ("NAMESPACE NAME" of a release of which the program knows nothing, or empty).
# shellcheck source=application.sh disable=SC2154,SC2153

main() {
  take_turn 1500 argocd
  local kinds all kind namespace name
  kinds=$(kube api-resources --api-group argoproj.io -o name) || fail "the API server does not say what it knows"
  if grep -qx applications.argoproj.io <<<"$kinds" && there; then
    stop
    all=$(brought) || fail "what Argo CD brings by $NAME cannot be read"
    while IFS='|' read -r kind namespace name; do
      if [[ -z $kind ]]; then continue; fi
      if [[ -z $(kube -n "$namespace" get "$kind" "$name" --ignore-not-found -o name) ]]; then continue; fi
      kube -n "$namespace" annotate "$kind" "$name" argocd.argoproj.io/tracking-id- argocd.argoproj.io/installation-id- >/dev/null ||
        fail "$kind $namespace/$name keeps Argo CD's mark"
      each_manager '^argocd-controller Apply $' "$before" "$kind" "$namespace" "$name"
    done <<<"$all"
  fi
  if [[ -n $RELEASE ]]; then forget_release "$RELEASE"; fi
}

# What had no manager is taken over by whoever applies first (pulumi-kubernetes: pkg/await, fixCSAFieldManagers).
before='{"op":"replace","path":"ENTRY/manager","value":"before-first-apply"},{"op":"replace","path":"ENTRY/operation","value":"Update"}'

there() {
  local found
  found=$(kube -n "$NAMESPACE" get application.argoproj.io "$NAME" --ignore-not-found -o name) || fail "Argo CD's Applications cannot be read"
  [[ -n $found ]]
}

# Argo CD applies nothing by itself without a policy (argo-cd v3.4.4: controller/appcontroller.go, autoSync). One whose controller
# does not answer applies nothing either, and reads the policy first when it is back. Nothing has to be
# rendered for that: a host of charts that does not answer would be waited for.
stop() {
  kube -n "$NAMESPACE" patch application.argoproj.io "$NAME" --type merge -p '{"spec":{"syncPolicy":null}}' >/dev/null ||
    fail "Argo CD's Application $NAME cannot be stopped"
  look_again 120 normal || note "Argo CD does not answer; $NAME is taken back all the same"
  wait_until 300 idle || fail "Argo CD is still applying $NAME" "argocd app terminate-op $NAME"
}

main "$@" </dev/null
