# shellcheck shell=bash
# On a server: waits until a Postgres cluster has all of its instances with the parameters that they are to have, its primary takes
# writes, its replicas follow, and, where it has an archive, what was written arrives there.
# Parameters: NAMESPACE, CLUSTER, INSTANCES, IMAGE, MARK (of the parameters), ARCHIVE (its folder; empty without a backup).
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  take_turn 3600 "postgres-$CLUSTER"
  local began job ready="" primary="" phase="" there="" wrong=""
  look || true
  # While one is there that has failed for good, the operator does nothing else, whatever the cluster is to be by now; without it
  # it makes another (cloudnative-pg v1.30.0, internal/controller/cluster_controller.go, reconcileResources).
  for job in $(failed); do in_postgres delete job "$job" --timeout=60s --request-timeout=90s >/dev/null || fail "the Job $job, which has failed, cannot be deleted"; done
  wait_until 2400 whole_or_failed || fail "the Postgres cluster $CLUSTER is not whole after 2400 s: $(state)" "$(pods)" \
    "they run $(images | paste -sd ' '), and are to run $IMAGE; without the parameters that they are to have: $(behind | paste -sd ' '); does the operator? kubectl -n cnpg-system get pods"
  job=$(failed | sed -n 1p) || true
  [[ -z $job ]] || fail "the Job $job of the Postgres cluster $CLUSTER has failed: $(words "$job")" \
    "where it says \"Expected empty archive\", the folder is another life's: name another one (docs/postgres.md). Mend what it says, and run up again: the Job is made anew"
  [[ -z $wrong ]] || fail "PostgreSQL refuses what the Postgres cluster $CLUSTER has under parameters: $(paste -sd ';' <<<"$wrong" | cut -c 1-400)" \
    "mend it before an instance begins anew, which would not start. Why: kubectl -n $NAMESPACE logs $primary -c postgres --tail=500 | grep parameter"
  wait_until 120 writable || fail "the primary of the Postgres cluster $CLUSTER takes no writes: $(writable 2>&1 | cut -c 1-300)"
  wait_until 900 followed || fail "$(followers) of $((INSTANCES - 1)) replicas of the Postgres cluster $CLUSTER follow its primary" \
    "the others are ready and get nothing: docs/runbooks/PostgresReplicaDetached.md"
  if [[ -z $ARCHIVE ]]; then return 0; fi
  began=$(ask 'SELECT now(); SELECT pg_switch_wal()' | sed -n 1p)
  wait_until 600 archived_since "$began" ||
    fail "the log of the Postgres cluster $CLUSTER does not arrive in $ARCHIVE within 600 s: $(archiving)" \
      "where it says \"Expected empty archive\", the folder is another life's: name another one (docs/postgres.md). Else: $(logs)"
}

in_postgres() { kube -n "$NAMESPACE" "$@"; }

of_cluster() { in_postgres get clusters.postgresql.cnpg.io "$CLUSTER" -o "jsonpath=$1"; }

# look: asks the API for what the operator says, and for what there is of instances and Jobs, a line each. An upgrade's Job is a
# person's to look at.
look() {
  local said
  said=$(of_cluster '{.status.conditions[?(@.type=="Ready")].status} {.spec.instances} {.status.readyInstances}|{.status.currentPrimary}|{.status.phase}') &&
    there=$(in_postgres get pods,jobs -l "cnpg.io/cluster=$CLUSTER,cnpg.io/jobRole!=major-upgrade" \
      -o 'jsonpath={range .items[*]}{.kind} {.metadata.name} {.spec.containers[?(@.name=="postgres")].image}{.status.conditions[?(@.type=="Failed")].status}{"\n"}{end}') &&
    IFS='|' read -r ready primary phase <<<"$said"
}

instances() { sed -n 's/^Pod \([^ ]*\) ..*$/\1/p' <<<"$there"; }

images() { sed -n 's/^Pod [^ ]* \(..*\)$/\1/p' <<<"$there" | sort -u; }

# failed: Jobs that make its instances and will not be tried again.
failed() { sed -n 's/^Job \([^ ]*\) True$/\1/p' <<<"$there"; }

# whole: as many instances are ready as are to be, all with the image and the parameters that they now are to have: the operator's
# words have no generation, and are those of before until it has looked.
whole() { [[ $(images) == "$IMAGE" && $ready == "True $INSTANCES $INSTANCES" && -z $(behind) ]]; }

whole_or_failed() {
  look || return 1
  if whole; then return 0; fi
  wrong=$(refused) || true
  [[ -n $(failed)$wrong ]] || { grow; false; }
}

# behind: instances that have not loaded the file with this mark, or not all of it. Each writes and loads its file by itself, and the
# operator has it begin anew where a parameter wants that (cloudnative-pg v1.30.0, internal/management/controller/instance_controller.go,
# refreshConfigurationFiles; internal/controller/cluster_upgrade.go, isInstanceNeedingRollout).
behind() {
  local instance
  for instance in $(instances); do
    [[ $(ask_in "$instance" "SELECT current_setting('homelab.plan', true), count(*) FROM pg_file_settings WHERE error IS NOT NULL") == "$MARK|0" ]] ||
      echo "$instance"
  done
}

# refused: what PostgreSQL does not take of the file with this mark, and would not start with. It goes on without that value, or without
# the whole file where it does not know the name (guc-file.l, ProcessConfigFileInternal), and the operator calls that healthy. What
# only waits for the next start has an error there too. One of the image before may not know what that of now does.
refused() {
  grep -qxF "Pod $primary $IMAGE" <<<"$there" || return 0
  ask_in "$primary" "WITH file AS (SELECT name, setting, error FROM pg_file_settings) SELECT name || ' = ' || setting FROM file
    WHERE error IS NOT NULL AND name NOT IN (SELECT name FROM pg_settings WHERE pending_restart)
    AND EXISTS (SELECT FROM file WHERE name = 'homelab.plan' AND setting = '$MARK')"
}

# grow: the claims, where an instance has ended because its log has no room. The operator does nothing else then, and so never grows
# them to what the cluster now is to have (cloudnative-pg v1.30.0, internal/controller/cluster_controller.go,
# ensureNoFailoverOnFullDisk; docs/src/instance_manager.md: claims first).
grow() {
  local disk
  [[ $phase == "Not enough disk space" ]] || return 0
  for disk in PG_DATA:storage PG_WAL:walStorage; do grow_to "${disk%:*}" "$(of_cluster "{.spec.${disk#*:}.size}")"; done
}

# grow_to ROLE SIZE: both in Gi, as the program writes them; a claim that a person has made larger stays so.
grow_to() {
  local claim has
  while read -r claim has; do
    if [[ "$has $2" =~ ^[0-9]+Gi\ [0-9]+Gi$ ]] && ((${has%Gi} < ${2%Gi})); then
      in_postgres patch pvc "$claim" --type merge -p "{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"$2\"}}}}"
    fi
  done < <(in_postgres get pvc -l "cnpg.io/cluster=$CLUSTER,cnpg.io/pvcRole=$1" \
    -o 'jsonpath={range .items[*]}{.metadata.name} {.spec.resources.requests.storage}{"\n"}{end}')
}

words() { in_postgres logs "job/$1" --tail=20 2>&1 | grep -E '"level":"(error|fatal)"|rror' | tail -n 1 | cut -c 1-400; }

state() { of_cluster '{.status.phase}: {.status.phaseReason} ({.status.readyInstances} instances of {.spec.instances} are ready)' 2>&1 | cut -c 1-400; }

# ask_in INSTANCE SQL: as `postgres` in its own container, which logs in by its user.
ask_in() { in_postgres exec "$1" -c postgres -- psql -X -qtA -v ON_ERROR_STOP=1 -c "$2"; }

# ask SQL: the primary.
ask() { ask_in "$(of_cluster '{.status.currentPrimary}')" "$1"; }

# writable: what only a primary can do, and what leaves nothing behind.
writable() { ask 'BEGIN; CREATE TABLE homelab_trial (word text); DROP TABLE homelab_trial; COMMIT'; }

# followers: instances that have what the primary has. One whose log is gone is ready all the same, and its slot is never made anew
# (issues 7895 and 10419; internal/management/controller/slots/reconciler/replicationslot.go). One that is only made calls itself NAME-join.
followers() { ask "SELECT count(DISTINCT application_name) FROM pg_stat_replication WHERE state = 'streaming' AND application_name ~ '^$CLUSTER-[0-9]+\$'"; }

followed() { ((INSTANCES == 1)) || [[ $(followers) -ge $((INSTANCES - 1)) ]]; }

archived_since() { [[ $(ask "SELECT last_archived_time >= '$1' FROM pg_stat_archiver") == t ]]; }

archiving() { of_cluster '{.status.conditions[?(@.type=="ContinuousArchiving")].message}' 2>&1 | cut -c 1-400; }

pods() { pods_in "$NAMESPACE" -l "cnpg.io/cluster=$CLUSTER" --no-headers; }

logs() { printf 'kubectl -n %s logs -l cnpg.io/cluster=%s -c plugin-barman-cloud --tail=50' "$NAMESPACE" "$CLUSTER"; }

main "$@" </dev/null
