# shellcheck shell=bash
# On a server: waits until PostgreSQL has the roles, the databases and the poolers that a cluster is to have.
# Parameters: NAMESPACE, CLUSTER, OBJECTS (lines: a kind and a name).
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  take_turn 1200 "postgres-$CLUSTER"
  local kind name
  while read -r kind name; do
    if [[ -z $kind ]]; then continue; fi
    wait_until 300 "there_$kind" "$name" ||
      fail "the Postgres cluster $CLUSTER has no $kind ${name#"$CLUSTER".}: $(said "$kind" "$name")" "kubectl -n $NAMESPACE describe $kind $name"
  done <<<"$OBJECTS"
}

# of KIND NAME PATH
of() { kube -n "$NAMESPACE" get "$1.postgresql.cnpg.io" "$2" -o "jsonpath=$3"; }

# applied KIND NAME: as it now stands; an object that nobody has looked at since says what was before.
applied() { [[ $(of "$1" "$2" '{.status.applied} {.metadata.generation}') == "true $(of "$1" "$2" '{.status.observedGeneration}')" ]]; }

there_databaserole() { applied databaserole "$1"; }

there_database() { applied database "$1"; }

there_pooler() { [[ $(of pooler "$1" '{.spec.instances}') == $(kube -n "$NAMESPACE" get deployment "$1" -o 'jsonpath={.status.readyReplicas}') ]]; }

said() {
  local words
  words=$(of "$1" "$2" '{.status.message} {range .status.extensions[?(@.applied==false)]}{.name}: {.message}; {end}{.status.phase}' 2>&1 | cut -c 1-600)
  printf '%s' "${words:-it says nothing; does the operator run? kubectl -n cnpg-system get pods}"
}

main "$@" </dev/null
