# shellcheck shell=bash
# What every step begins with. Steps are run again after a kill, so each does only what is not done yet.
set -euo pipefail
umask 077
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

state=/var/lib/homelab
mkdir -p "$state"

# fail CAUSE [DETAIL...]: ends the step; the cause is the first line that a person reads.
fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

note() { printf '%s\n' "$*" >&2; }

# Which life this machine lives: GENERATION is what the run takes it for. One that was installed under another is no new
# machine, whatever its tags say, and what is done next would take a node out of the cluster that runs well.
if [[ -n ${GENERATION:-} ]]; then
  born=$(cat "$state/generation" 2>/dev/null || true)
  if [[ -n $born && $born != "$GENERATION" ]]; then
    fail "$(hostname) was installed as $born, and this run takes it for a machine that was built anew ($GENERATION): its disk is an old one" \
      "put the tag $born back on its VM in place of $GENERATION and run up again, or destroy the VM so that it is built anew"
  fi
  if [[ -z $born ]]; then printf '%s\n' "$GENERATION" >"$state/generation"; fi
fi

# take_turn SECONDS [MATTER]: one step at a time. A step whose connection was cut goes on alone; the next waits for it here. Steps
# of a matter of their own, which wait long for what others do not touch, take turns among themselves.
take_turn() {
  local lock=/run/lock/homelab-${2:-step}.lock
  mkdir -p /run/lock
  exec 9>"$lock"
  if flock -n 9; then return 0; fi
  note "a step of an earlier run still works on this machine; waiting for it"
  flock -w "$1" 9 || fail "a step of an earlier run did not end within $1 s; look for its process: fuser -v $lock"
}

# wait_until SECONDS COMMAND...: runs the command until it succeeds; its output is dropped. Fails when the time is over. Between
# two looks it rests 0.2 s at first and 2 s in the end: what is there soon is seen soon, and a long wait asks less often.
wait_until() {
  local deadline=$((SECONDS + $1)) milliseconds=200
  shift
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= deadline)); then return 1; fi
    sleep "$((milliseconds / 1000)).$(printf %03d $((milliseconds % 1000)))"
    milliseconds=$((milliseconds * 5 / 4))
    if ((milliseconds > 2000)); then milliseconds=2000; fi
  done
}

# put_file PATH MODE CONTENT: writes the file at once or not at all, and only when its content differs.
put_file() {
  if [[ -f $1 && $(cat "$1") == "$3" ]]; then
    chmod "$2" "$1"
    return 0
  fi
  mkdir -p "$(dirname "$1")"
  printf '%s\n' "$3" >"$1.new"
  chmod "$2" "$1.new"
  mv -f "$1.new" "$1"
}
