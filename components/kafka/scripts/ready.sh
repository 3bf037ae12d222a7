# shellcheck shell=bash
# On a server: waits until a Kafka cluster is what it now is to be, and has its topics and users.
# Parameters: NAMESPACE, CLUSTER, NODES (how many), OBJECTS (lines: a kind and a name).
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  take_turn 3600 "kafka-$CLUSTER"
  local kind name
  wait_until 1800 settled kafka "$CLUSTER" ||
    fail "the Kafka cluster $CLUSTER is not ready after 1800 s: $(said kafka "$CLUSTER")" "$(pods_in "$NAMESPACE" -l "strimzi.io/cluster=$CLUSTER")"
  [[ -z $(ignored) ]] || fail "the Kafka cluster $CLUSTER keeps the volumes that it has: $(ignored | sed -n 1p | cut -c 1-400)" \
    "put back what homelab:kafka said of them, or take the data elsewhere: Strimzi ignores the whole change, and later ones with it"
  wait_until 600 whole ||
    fail "the Kafka cluster $CLUSTER has $(ready_nodes) nodes that are ready, of $NODES: $(said kafka "$CLUSTER")" "$(pods_in "$NAMESPACE" -l "strimzi.io/name=$CLUSTER-kafka")"
  while read -r kind name; do
    if [[ -z $kind ]]; then continue; fi
    wait_until 300 taken "$kind" "$name" ||
      fail "the Kafka cluster $CLUSTER has no $kind ${name#"$CLUSTER".}: $(said "$kind" "$name")" "kubectl -n $NAMESPACE describe $kind $name"
  done <<<"$OBJECTS"
}

# of KIND NAME PATH
of() { kube -n "$NAMESPACE" get "$1.kafka.strimzi.io" "$2" -o "jsonpath=$3"; }

# settled KIND NAME: as it now stands; what an operator said of another generation counts no more.
settled() {
  [[ $(of "$1" "$2" '{.status.conditions[?(@.type=="Ready")].status} {.metadata.generation}') == "True $(of "$1" "$2" '{.status.observedGeneration}')" ]]
}

# taken KIND NAME: a user with its password too, which its generation does not tell of: the operator hands it to the brokers and into
# a Secret of the user's name together (user-operator, KafkaUserOperator.java, reconcileCredentialsQuotasAndAcls).
taken() { settled "$1" "$2" && { [[ $1 != kafkauser || -z $(password "$2.password") ]] || [[ $(password "$2.password") == "$(password "$2")" ]]; }; }

password() { kube -n "$NAMESPACE" get secret "$1" --ignore-not-found -o 'jsonpath={.data.password}'; }

# ignored: changes of volumes that the operator has refused without a word to the cluster's readiness, a line each (StorageDiff.java,
# PvcReconciler.java).
ignored() {
  local warnings='{range .status.conditions[?(@.type=="Warning")]}{.reason}: {.message}{"\n"}{end}'
  {
    of kafka "$CLUSTER" "$warnings"
    kube -n "$NAMESPACE" get kafkanodepools.kafka.strimzi.io -l "strimzi.io/cluster=$CLUSTER" -o "jsonpath={range .items[*]}$warnings{end}"
  } | grep -E '^(KafkaStorage|PvcResizingWarning): ' || true
}

ready_nodes() {
  kube -n "$NAMESPACE" get pods -l "strimzi.io/name=$CLUSTER-kafka" \
    -o 'jsonpath={range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}' | grep -c '^True$'
}

whole() { [[ $(ready_nodes) == "$NODES" ]]; }

said() {
  local words
  words=$(of "$1" "$2" '{range .status.conditions[*]}{.type} {.reason}: {.message}; {end}' 2>&1 | cut -c 1-600)
  printf '%s' "${words:-it says nothing; does the operator run? kubectl -n $NAMESPACE get pods}"
}

main "$@" </dev/null
