# shellcheck shell=bash
# Runs pods with Ceph's own image, which every machine with a disk has: to ask Ceph, and to write into volumes. A pod's last
# words are what it printed last, so that a person reads why one failed without looking for its log.
# Parameters: NAMESPACE (Rook's).
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

# put: applies what comes on standard input.
put() { kubectl --kubeconfig "$kubeconfig" --request-timeout=30s -n "$NAMESPACE" apply -f - >/dev/null; }

in_rook() { kube -n "$NAMESPACE" "$@"; }

# indent COLUMNS: standard input, moved to the right.
indent() { sed "s/^/$(printf "%$1s" '')/"; }

ceph_image() { in_rook get cephcluster -o 'jsonpath={.items[0].spec.cephVersion.image}'; }

# run_job NAME SECONDS SCRIPT VOLUMES MOUNTS VARIABLES: runs a script to its end, and prints why it failed. The last three are
# lists in YAML, or [].
run_job() {
  local name=$1 image
  image=$(ceph_image) || return 1
  in_rook delete job "$name" --ignore-not-found --timeout=60s >/dev/null || return 1
  put <<JOB || return 1
apiVersion: batch/v1
kind: Job
metadata: { name: $name, labels: { app: $name } }
spec:
  backoffLimit: 2
  activeDeadlineSeconds: $2
  template:
    metadata: { labels: { app: $name } }
    spec:
      restartPolicy: Never
      automountServiceAccountToken: false
      securityContext:
        runAsNonRoot: true
        runAsUser: 2016
        runAsGroup: 2016
        fsGroup: 2016
        seccompProfile: { type: RuntimeDefault }
      tolerations: [{ key: CriticalAddonsOnly, operator: Exists }]
      containers:
        - name: script
          image: $image
          command: [/bin/bash, -c]
          args:
            - |
$(indent 14 <<<"$3")
          terminationMessagePolicy: FallbackToLogsOnError
          resources:
            requests: { cpu: 10m, memory: 64Mi }
            limits: { memory: 512Mi }
          securityContext:
            allowPrivilegeEscalation: false
            capabilities: { drop: [ALL] }
          env:
$(indent 12 <<<"$6")
          volumeMounts:
$(indent 12 <<<"$5")
      volumes:
$(indent 8 <<<"$4")
JOB
  wait_until "$2" ended "$name" || true
  if [[ $(job_condition "$name" Complete) == True ]]; then
    in_rook delete job "$name" --wait=false >/dev/null
    return 0
  fi
  last_words "$name"
  return 1
}

job_condition() { in_rook get job "$1" -o "jsonpath={.status.conditions[?(@.type==\"$2\")].status}"; }

ended() { [[ $(job_condition "$1" Complete) == True || $(job_condition "$1" Failed) == True ]]; }

# last_words JOB: what its pods said last, or why they do not run.
last_words() {
  local said
  said=$(in_rook get pods -l "job-name=$1" -o 'jsonpath={range .items[*].status.containerStatuses[*]}{.state.terminated.message}{.state.waiting.reason} {.state.waiting.message}{"\n"}{end}') || true
  if [[ -z ${said// /} ]]; then said=$(events "$1"); fi
  printf '%s\n' "${said:-nothing is known of it: kubectl -n $NAMESPACE describe job $1}" | tail -n 12 | cut -c 1-400
}

# events NAME: the last of what happened to objects whose names begin so.
events() {
  in_rook get events --sort-by=.lastTimestamp -o 'jsonpath={range .items[*]}{.involvedObject.name} {.reason}: {.message}{"\n"}{end}' |
    grep -E "^$1" | tail -n 4 | cut -c 1-300 || true
}

# with_volume NAME SECONDS CLAIM SCRIPT: runs a script with the claim at /data.
with_volume() {
  run_job "$1" "$2" "set -euo pipefail
$4" "- { name: data, persistentVolumeClaim: { claimName: $3 } }" "- { name: data, mountPath: /data }" "[]"
}

# ask_ceph NAME SECONDS SCRIPT: runs a script in which \`ceph\` works, as Rook's toolbox has it
# (rook, deploy/examples/toolbox-job.yaml).
ask_ceph() {
  run_job "$1" "$2" "set -euo pipefail
cat >/etc/ceph/ceph.conf <<CONF
[global]
mon_host = \$(sed 's/[a-z0-9_-]\\+=//g' <<<\"\$ENDPOINTS\")
[\$USERNAME]
keyring = /etc/ceph/keyring
CONF
printf '[%s]\\nkey = %s\\n' \"\$USERNAME\" \"\$SECRET\" >/etc/ceph/keyring
$3" "- { name: config, emptyDir: { medium: Memory, sizeLimit: 1Mi } }" "- { name: config, mountPath: /etc/ceph }" \
    "- { name: ENDPOINTS, valueFrom: { configMapKeyRef: { name: rook-ceph-mon-endpoints, key: data } } }
- { name: USERNAME, valueFrom: { secretKeyRef: { name: rook-ceph-mon, key: ceph-username } } }
- { name: SECRET, valueFrom: { secretKeyRef: { name: rook-ceph-mon, key: ceph-secret } } }"
}
