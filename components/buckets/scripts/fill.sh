# shellcheck shell=bash
# On a server: fills a bucket from its copy by a Job, and waits for its end. Filling twice does no harm: a bucket whose copy says
# that it is of this one is left alone, and one that was cut off goes on (copy.sh).
# Parameters: NAMESPACE, BUCKET, JOB (its name), MANIFEST (the Job).
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  take_turn 90000 "bucket-$BUCKET"
  kube -n "$NAMESPACE" delete job "$JOB" --ignore-not-found --cascade=foreground --timeout=120s --request-timeout=150s >/dev/null ||
    fail "a former Job $JOB that filled the bucket $BUCKET does not go" "$(pods)"
  kubectl --kubeconfig "$kubeconfig" --request-timeout=30s apply -f - <<<"$MANIFEST" >/dev/null ||
    fail "the Job $JOB that fills the bucket $BUCKET is refused (above)"
  wait_until 900 begun || fail "the Job $JOB that fills the bucket $BUCKET does not begin within 900 s" "$(pods)"
  wait_until 86400 ended || fail "the bucket $BUCKET is not filled from its copy after a day; it goes on with the next up" "$(words)"
  [[ $(state) == *Complete* ]] || fail "the bucket $BUCKET was not filled from its copy, which was left as it is: $(words)" \
    "kubectl -n $NAMESPACE logs job/$JOB; docs/buckets.md"
  note "bucket $BUCKET: $(words)"
}

state() { kube -n "$NAMESPACE" get job "$JOB" -o 'jsonpath={.status.conditions[?(@.status=="True")].type}'; }

ended() { [[ $(state) =~ (Complete|Failed) ]]; }

phases() { kube -n "$NAMESPACE" get pods -l "job-name=$JOB" -o 'jsonpath={.items[*].status.phase}'; }

begun() { [[ $(phases) =~ (Running|Succeeded|Failed) ]] || ended; }

pods() { pods_in "$NAMESPACE" -l "job-name=$JOB"; }

words() { kube -n "$NAMESPACE" logs "job/$JOB" --tail=1 2>&1 | cut -c 1-300; }

main "$@" </dev/null
