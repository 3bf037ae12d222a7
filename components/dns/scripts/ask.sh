# shellcheck shell=bash
# Asks DNS servers by what every machine has: bash, dd and od.

# address_of SERVER NAME: prints the first address that a server gives for a name, within 3 seconds; fails without one.
# Question and answer as in RFC 1035, 4.1; the name of the first answer is taken to be two bytes, a pointer to the question's.
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
  at=$((12 + ${#name} + 2 + 4))
  ((${#reply[@]} >= at + 16)) || return 1
  ((reply[0] == 0x68 && reply[1] == 0x6c && reply[2] >= 128 && (reply[3] & 15) == 0 && reply[7] > 0)) || return 1
  ((reply[at] >= 192 && reply[at + 3] == 1)) || return 1
  printf '%s.%s.%s.%s\n' "${reply[@]:at+12:4}"
}
