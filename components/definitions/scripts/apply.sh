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
  settle
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
  local output deadline=$((SECONDS + 600))
  output=$(kept "$1"/*.yaml 2>&1 >"$1/all") || fail "$TITLE cannot be read: $(head -n 3 <<<"$output" | tr '\n' ' ')"
  until output=$(kubectl --kubeconfig "$kubeconfig" --request-timeout=120s apply --server-side --force-conflicts \
    --field-manager=homelab -f "$1/all" 2>&1 </dev/null); do
    if [[ $output == *Timeout* || $output == *timeout* ]] && ((SECONDS < deadline)); then continue; fi
    fail "the cluster's API refuses $TITLE: $(grep -v serverside-applied <<<"$output" | sed -n 1,3p | tr '\n' ' ')"
  done
}

# kept FILE...: what they hold, marked. A chart that had brought a definition and does not any more would delete it, with all
# objects of its kind, in its next upgrade. Helm leaves what is marked so, and looks at the object itself when it upgrades. It
# is marked before it is applied: the API reads a schema anew, for seconds, whenever anything of a definition is written.
kept() { kubectl annotate --local --overwrite "${@/#/--filename=}" helm.sh/resource-policy=keep --output=yaml </dev/null; }

# settle: all at once, for a program that asks the API takes longer to start than to ask.
settle() {
  local all definition versions version found served
  mapfile -t all < <(cut -d ' ' -f 1 <<<"$SERVES")
  wait_until 240 established "${all[@]}" || fail "the API does not establish all of $TITLE: $(unestablished "${all[@]}")"
  found=$(kube get crd "${all[@]}" --no-headers -o 'custom-columns=NAME:.metadata.name,SERVED:.spec.versions[?(@.served==true)].name')
  while read -r definition versions; do
    served=$(awk -v name="$definition" '$1 == name { print $2 }' <<<"$found")
    for version in $versions; do
      if [[ ",$served," == *",$version,"* ]]; then continue; fi
      fail "$definition of $TITLE does not serve $version but ${served//,/, }; somebody else has applied it, find out who: kubectl get crd $definition --show-managed-fields"
    done
  done <<<"$SERVES"
}

# established DEFINITION...: returns once the API serves all of them, or fails a moment before its requests would end.
established() { kube wait "${@/#/crd/}" --for=condition=Established --timeout=10s; }

# unestablished DEFINITION...: those that are not, each with what the API says of it.
unestablished() {
  local definition said
  for definition in "$@"; do
    said=$(kube get crd "$definition" -o 'jsonpath={range .status.conditions[*]}{.type}={.status} {.message} {end}' 2>&1 | cut -c 1-300)
    if [[ $said != *Established=True* ]]; then printf '%s: %s; ' "$definition" "${said:-it says nothing}"; fi
  done
}

main "$@" </dev/null
