# shellcheck shell=bash
# On a server: downloads definitions of custom resources and applies them, and ends once the API serves them.
# Parameters: TITLE, FILES (lines of SHA-256 and address), SERVES (lines of a definition's name and the versions it must serve).
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  # It takes no turn: applying twice at once does no harm, and nodes are waited for meanwhile on the same machine.
  wait_until 300 kube get --raw /readyz || fail "the cluster's API does not answer on $(hostname); $TITLE was not applied"
  local folder
  folder=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$folder'" EXIT
  fetch_all "$folder"
  apply_all "$folder"
  local definition versions
  while read -r definition versions; do
    settle "$definition" "$versions"
  done <<<"$SERVES"
}

# fetch_all FOLDER: the files there, in their order, each what its checksum says.
fetch_all() {
  local sum url output file number=100
  while read -r sum url; do
    file=$1/$((number++))-${url##*/}
    output=$(curl -fsSL --retry 5 --retry-connrefused --connect-timeout 10 --speed-limit 1024 --speed-time 30 \
      -o "$file" "$url" 2>&1 </dev/null) || fail "$url cannot be downloaded: ${output##*$'\n'}"
    sha256sum --check --status <<<"$sum  $file" ||
      fail "$url is not the file that is pinned: its SHA-256 is $(sha256sum "$file" | cut -d ' ' -f 1), pinned is $sum. Nothing of $TITLE was applied"
  done <<<"$FILES"
}

# apply_all FOLDER: server-side, because some are larger than what client-side apply can remember in an annotation. Fields
# that another manager set are taken over: the program is their owner. A busy API may take longer over a large schema than
# it gives a request, and knows it at the next.
apply_all() {
  local output file deadline=$((SECONDS + 600))
  for file in "$1"/*; do
    until output=$(kubectl --kubeconfig "$kubeconfig" --request-timeout=120s apply --server-side --force-conflicts \
      --field-manager=homelab -f "$file" 2>&1 </dev/null); do
      if [[ $output == *Timeout* || $output == *timeout* ]] && ((SECONDS < deadline)); then continue; fi
      fail "the cluster's API refuses $TITLE: $(grep -v serverside-applied <<<"$output" | head -n 3 | tr '\n' ' ')"
    done
  done
}

# settle DEFINITION VERSIONS: a chart that had brought it and does not any more would delete it, with all objects of its
# kind, in its next upgrade. Helm leaves what is marked so, and looks at the object itself when it upgrades.
settle() {
  local version served
  wait_until 120 kube annotate --overwrite --field-manager=homelab crd "$1" helm.sh/resource-policy=keep ||
    fail "$1 of $TITLE cannot be marked as kept"
  wait_until 240 established "$1" || fail "the API does not establish $1 of $TITLE: $(conditions "$1")"
  served=$(kube get crd "$1" -o 'jsonpath={.spec.versions[?(@.served==true)].name}')
  for version in $2; do
    if [[ " $served " == *" $version "* ]]; then continue; fi
    fail "$1 of $TITLE does not serve $version but ${served// /, }; somebody else has applied it, find out who: kubectl get crd $1 --show-managed-fields"
  done
}

established() {
  [[ $(kube get crd "$1" -o 'jsonpath={.status.conditions[?(@.type=="Established")].status}') == True ]]
}

conditions() { kube get crd "$1" -o 'jsonpath={range .status.conditions[*]}{.type}={.status} {.message} {end}' 2>&1 | cut -c 1-300; }

main "$@" </dev/null
