# shellcheck shell=bash
# On a server: waits until the telemetry server speaks TLS at its address, and asks whoever comes for a certificate.
# Parameters: HOSTNAME_ASKED, ADDRESS, PORT.
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  take_turn 120
  wait_until 180 asks || fail "$ADDRESS:$PORT does not take vehicles: $(reason)" \
    "kubectl -n tesla get pods,services -o wide shows its pods, and whether Cilium has given it the address"
}

# asks: whether a client without a certificate gets as far as TLS and no further. curl calls that 56 where the alert follows the
# handshake, as in TLS 1.3, and 35 or 55 otherwise.
asks() {
  code=0
  curl -sk -o /dev/null --connect-timeout 3 --max-time 8 --resolve "$HOSTNAME_ASKED:$PORT:$ADDRESS" \
    "https://$HOSTNAME_ASKED:$PORT/status" || code=$?
  [[ $code == 35 || $code == 55 || $code == 56 ]]
}

reason() {
  case $code in
    0) echo "it lets clients in without a certificate" ;;
    7) echo "nobody listens there" ;;
    *) echo "curl ends with $code" ;;
  esac
}

main "$@" </dev/null
