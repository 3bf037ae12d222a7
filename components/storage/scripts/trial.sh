# shellcheck shell=bash
# On a server: tries each class. A claim is bound, written, snapshotted, restored from the snapshot, grown and removed; a bucket
# is made, and takes and gives an object. What is left of a trial that was cut off goes first.
# Parameters: NAMESPACE (Rook's), CLASSES (lines: name, kind, snapshot class, grows or fixed, and what it is made of).
# shellcheck source=ceph.sh disable=SC2154,SC2153

main() {
  take_turn 3600 storage
  local class kind snapshots grows rest failed="" running=()
  while read -r class kind snapshots grows rest; do
    if [[ $kind == bucket ]]; then try_bucket "$class" &
    else try_volume "$class" "$kind" "$snapshots" "$grows" & fi
    running+=("$!")
  done <<<"$CLASSES"
  for rest in "${running[@]}"; do wait "$rest" || failed=yes; done
  if [[ -n $failed ]]; then exit 1; fi
}

# try_volume CLASS KIND SNAPSHOTCLASS GROWS
try_volume() {
  local class=$1 name=trial-$1 mode=ReadWriteOnce word
  if [[ $2 == file ]]; then mode=ReadWriteMany; fi
  word=$(head -c 12 /proc/sys/kernel/random/uuid)
  clean "$name"
  claim "$name" "$class" "$mode" ""
  wait_until 300 bound "$name" || fail "class $class: a claim is not bound after 300 s" "$(events "$name")"
  with_volume "$name-write" 300 "$name" "echo $word >/data/word; sync" >&2 || fail "class $class: its volume could not be written (above)"
  put <<SNAPSHOT
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshot
metadata: { name: $name }
spec: { volumeSnapshotClassName: $3, source: { persistentVolumeClaimName: $name } }
SNAPSHOT
  wait_until 300 usable "$name" ||
    fail "class $class: a snapshot is not ready after 300 s: $(snapshot_error "$name")" \
      "where nothing is said, no snapshotter looks at it: kubectl -n $NAMESPACE get drivers.csi.ceph.io -o yaml must have snapshotPolicy: volumeSnapshot"
  claim "$name-restored" "$class" "$mode" "dataSource: { apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: $name }"
  wait_until 300 bound "$name-restored" || fail "class $class: a claim from a snapshot is not bound after 300 s" "$(events "$name-restored")"
  with_volume "$name-read" 300 "$name-restored" "found=\$(cat /data/word)
if [[ \$found != $word ]]; then echo \"the restored volume has \$found in place of $word\"; exit 1; fi" >&2 ||
    fail "class $class: what was restored from a snapshot is not what was written (above)"
  if [[ $4 == grows ]]; then grow "$class" "$name" "$word"; fi
  clean "$name"
  note "class $class: bound, written, snapshotted, restored$(if [[ $4 == grows ]]; then echo ", grown"; fi) and removed"
}

# grow CLASS CLAIM WORD: a file system grows when it is mounted next.
grow() {
  in_rook patch pvc "$2" --type merge -p '{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}' >/dev/null
  wait_until 300 resizing_or_done "$2" || fail "class $1: a claim does not grow within 300 s" "$(events "$2")"
  with_volume "$2-grown" 300 "$2" "[[ \$(cat /data/word) == $3 ]]" >&2 || fail "class $1: a claim that has grown cannot be read (above)"
  wait_until 180 grown "$2" || fail "class $1: a claim has not grown to 2Gi after it was mounted" "$(events "$2")"
}

# claim NAME CLASS MODE SOURCE
claim() {
  put <<CLAIM
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: $1 }
spec:
  storageClassName: $2
  accessModes: [$3]
  resources: { requests: { storage: 1Gi } }
  $4
CLAIM
}

bound() { [[ $(in_rook get pvc "$1" -o 'jsonpath={.status.phase}') == Bound ]]; }

capacity() { in_rook get pvc "$1" -o 'jsonpath={.status.capacity.storage}'; }

grown() { [[ $(capacity "$1") == 2Gi ]]; }

resizing_or_done() {
  grown "$1" || [[ $(in_rook get pvc "$1" -o 'jsonpath={.status.conditions[?(@.type=="FileSystemResizePending")].status}') == True ]]
}

usable() { [[ $(in_rook get volumesnapshot "$1" -o 'jsonpath={.status.readyToUse}') == true ]]; }

snapshot_error() { in_rook get volumesnapshot "$1" -o 'jsonpath={.status.error.message}' 2>&1 | cut -c 1-300; }

# clean NAME: what a trial has made goes, also in a class that keeps the volumes of claims that are gone.
clean() {
  local name volume
  in_rook delete job "$1-write" "$1-read" "$1-grown" --ignore-not-found --cascade=foreground --timeout=60s >/dev/null
  for name in "$1-restored" "$1"; do
    volume=$(in_rook get pvc "$name" --ignore-not-found -o 'jsonpath={.spec.volumeName}')
    if [[ -n $volume ]]; then kube patch pv "$volume" --type merge -p '{"spec":{"persistentVolumeReclaimPolicy":"Delete"}}' >/dev/null; fi
  done
  in_rook delete pvc "$1-restored" --ignore-not-found --wait=false >/dev/null
  in_rook delete volumesnapshot "$1" --ignore-not-found --wait=false >/dev/null
  in_rook delete pvc "$1" --ignore-not-found --wait=false >/dev/null
  wait_until 300 removed "$1" || fail "what a trial has made does not go within 300 s: $(left "$1")" "$(events "$1")"
}

# left NAME: objects of a trial, and volumes of its claims.
left() {
  in_rook get pvc,volumesnapshot -o 'jsonpath={range .items[*]}{.kind} {.metadata.name}{"\n"}{end}' | grep -E " $1(-restored)?\$" || true
  kube get pv -o 'jsonpath={range .items[*]}PersistentVolume {.metadata.name} {.spec.claimRef.namespace}/{.spec.claimRef.name}{"\n"}{end}' |
    grep -E " $NAMESPACE/$1(-restored)?\$" || true
}

removed() {
  local all
  all=$(left "$1") || return 1
  [[ -z $all ]]
}

# try_bucket CLASS: by the address that applications use, from this node.
try_bucket() {
  local class=$1 name=trial-$1 volume word url answer
  word=$(head -c 12 /proc/sys/kernel/random/uuid)
  clean_bucket "$name"
  put <<CLAIM
apiVersion: objectbucket.io/v1alpha1
kind: ObjectBucketClaim
metadata: { name: $name }
spec: { generateBucketName: $name, storageClassName: $class }
CLAIM
  wait_until 300 bucket_bound "$name" || fail "class $class: a bucket claim is not Bound after 300 s: $(bucket_phase "$name")" "$(events "$name")"
  url=$(bucket_url "$name")
  wait_until 120 s3 "$name" --upload-file - "$url" <<<"$word" || fail "class $class: $url takes no object after 120 s: $(s3 "$name" --upload-file - "$url" 2>&1 <<<"$word" | tail -n 1)"
  answer=$(s3 "$name" "$url") || fail "class $class: $url does not give back what was written"
  if [[ $answer != "$word" ]]; then fail "class $class: $url gives back $answer in place of $word"; fi
  s3 "$name" --request DELETE "$url"
  clean_bucket "$name"
  note "class $class: a bucket was made, took and gave an object, and was removed"
}

bucket_phase() { in_rook get objectbucketclaim "$1" -o 'jsonpath={.status.phase}'; }

bucket_bound() { [[ $(bucket_phase "$1") == Bound ]]; }

# bucket_url CLAIM: of an object. The node has no cluster DNS, so that the service's own address stands in it.
bucket_url() {
  local host port bucket service
  host=$(in_rook get configmap "$1" -o 'jsonpath={.data.BUCKET_HOST}')
  port=$(in_rook get configmap "$1" -o 'jsonpath={.data.BUCKET_PORT}')
  bucket=$(in_rook get configmap "$1" -o 'jsonpath={.data.BUCKET_NAME}')
  service=$(in_rook get service "${host%%.*}" -o 'jsonpath={.spec.clusterIP}')
  printf 'http://%s:%s/%s/trial' "$service" "$port" "$bucket"
}

# s3 CLAIM ARGUMENT...: asks with the claim's key, which no process list shows. What is sent is not part of what is signed: said
# here, because a gateway that is not told takes it so (ceph, src/rgw/rgw_auth_s3.h), and some curls take it for empty.
s3() {
  local claim=$1 id key
  shift
  id=$(in_rook get secret "$claim" -o 'jsonpath={.data.AWS_ACCESS_KEY_ID}' | base64 -d)
  key=$(in_rook get secret "$claim" -o 'jsonpath={.data.AWS_SECRET_ACCESS_KEY}' | base64 -d)
  curl -sS --fail --max-time 30 --aws-sigv4 aws:amz:us-east-1:s3 -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' --config <(printf 'user = "%s:%s"\n' "$id" "$key") "$@"
}

clean_bucket() {
  local volume
  volume=$(in_rook get objectbucketclaim "$1" --ignore-not-found -o 'jsonpath={.spec.objectBucketName}')
  if [[ -n $volume ]]; then kube patch objectbucket "$volume" --type merge -p '{"spec":{"reclaimPolicy":"Delete"}}' >/dev/null; fi
  in_rook delete objectbucketclaim "$1" --ignore-not-found --timeout=120s >/dev/null
}

main "$@" </dev/null
