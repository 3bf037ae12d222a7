# shellcheck shell=bash
# On a server: waits until the archive of a Postgres cluster holds a base backup, without which its log recovers nothing.
# Parameters: NAMESPACE, CLUSTER, ARCHIVE (its folder), BACKUP (a Backup as JSON, for where the newest one has failed).
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  take_turn 7200 "postgres-backup-$CLUSTER"
  if backed_up; then return 0; fi
  # One that has failed is not tried again before the schedule's next (cloudnative-pg v1.30.0, internal/controller/backup_funcs.go).
  if failed; then
    kubectl --kubeconfig "$kubeconfig" --request-timeout=30s create -f - <<<"$BACKUP" >/dev/null ||
      fail "no base backup of the Postgres cluster $CLUSTER can be begun"
  fi
  wait_until 7000 backed_up_or_failed ||
    fail "the Postgres cluster $CLUSTER has no base backup in $ARCHIVE after 7000 s: $(said)" \
      "a large one takes longer: run up again, which goes on waiting. Else: kubectl -n $NAMESPACE logs -l cnpg.io/cluster=$CLUSTER -c plugin-barman-cloud --tail=50"
  backed_up || fail "the base backup of the Postgres cluster $CLUSTER has failed: $(newest | cut -d ' ' -f 3- | cut -c 1-400)" \
    "mend what it says, and run up again, which begins another: kubectl -n $NAMESPACE logs -l cnpg.io/cluster=$CLUSTER -c plugin-barman-cloud --tail=50"
}

# newest: when the newest Backup was made, how far it is, and what is wrong with it.
newest() {
  kube -n "$NAMESPACE" get backups.postgresql.cnpg.io \
    -o "jsonpath={range .items[?(@.spec.cluster.name=='$CLUSTER')]}{.metadata.creationTimestamp} {.status.phase} {.status.error}{'\n'}{end}" | sort | tail -n 1
}

failed() { [[ $(newest) =~ ^[^\ ]+\ failed ]]; }

backed_up_or_failed() { backed_up || failed; }

# The plugin writes it after each backup and each half an hour (plugin-barman-cloud, instance/recovery_window.go).
backed_up() {
  [[ -n $(kube -n "$NAMESPACE" get objectstores.barmancloud.cnpg.io "$CLUSTER" -o "jsonpath={.status.serverRecoveryWindow['$ARCHIVE'].lastSuccessfulBackupTime}") ]]
}

said() {
  kube -n "$NAMESPACE" get clusters.postgresql.cnpg.io "$CLUSTER" -o 'jsonpath={.status.conditions[?(@.type=="LastBackupSucceeded")].message}' 2>&1 | cut -c 1-400
}

main "$@" </dev/null
