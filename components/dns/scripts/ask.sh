# shellcheck shell=bash
# Asks DNS servers by what every machine has: bash, dd and od.

# address_of SERVER NAME: prints the first address that a server gives for a name, within 3 seconds; fails without one.
# Question and answer as in RFC 1035, 4.1.
address_of() {
  local server=$1 name=$2 label question='' reply at
  for label in ${name//./ }; do
    question+=$(printf '\\x%02x%s' "${#label}" "$label")
  done
  exec 3<>"/dev/udp/$server/53" || return 1
  # In one piece: bash would send a datagram of its own up to each byte that is a line's end, as the length 10 is.
  printf '%b' "\\x68\\x6c\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00$question\\x00\\x00\\x01\\x00\\x01" |
    dd bs=512 iflag=fullblock status=none >&3
  read -r -d '' -a reply < <(timeout 3 dd bs=512 count=1 status=none <&3 2>/dev/null | od -An -v -tu1) || true
  exec 3>&-
  ((${#reply[@]} > 12 && reply[0] == 0x68 && reply[1] == 0x6c)) || return 1
  ((reply[2] >= 128 && (reply[3] & 15) == 0 && reply[7] > 0)) || return 1
  # Behind the question stands the name of the first answer: labels up to an empty one, or a pointer to others.
  at=$((12 + ${#name} + 2 + 4))
  while ((at < ${#reply[@]} && reply[at] > 0 && reply[at] < 192)); do at=$((at + reply[at] + 1)); done
  at=$((at + (reply[at] >= 192 ? 2 : 1)))
  ((${#reply[@]} >= at + 14 && reply[at + 1] == 1 && reply[at + 9] == 4)) || return 1
  printf '%s.%s.%s.%s\n' "${reply[@]:at+10:4}"
}
