# shellcheck shell=bash
# On a server: waits until the archive of a Postgres cluster holds a base backup, without which its log recovers nothing.
# Parameters: NAMESPACE, CLUSTER, ARCHIVE (its folder).
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  take_turn 7200 "postgres-backup-$CLUSTER"
  wait_until 7000 backed_up ||
    fail "the Postgres cluster $CLUSTER has no base backup in $ARCHIVE after 7000 s: $(said)" \
      "a large one takes longer: run up again, which goes on waiting. Else: kubectl -n $NAMESPACE logs -l cnpg.io/cluster=$CLUSTER -c plugin-barman-cloud --tail=50"
}

# The plugin writes it after each backup and each half an hour (plugin-barman-cloud, instance/recovery_window.go).
backed_up() {
  [[ -n $(kube -n "$NAMESPACE" get objectstores.barmancloud.cnpg.io "$CLUSTER" -o "jsonpath={.status.serverRecoveryWindow['$ARCHIVE'].lastSuccessfulBackupTime}") ]]
}

said() {
  kube -n "$NAMESPACE" get clusters.postgresql.cnpg.io "$CLUSTER" -o 'jsonpath={.status.conditions[?(@.type=="LastBackupSucceeded")].message}' 2>&1 | cut -c 1-400
}

main "$@" </dev/null
