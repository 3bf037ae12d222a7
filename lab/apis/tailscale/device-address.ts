/**
 * Addresses of the tailnet's nth device: one of 100.64.0.0/10 and one of Tailscale's ULA prefix
 * fd7a:115c:a1e0::/48 (https://tailscale.com/kb/1033/ip-and-dns-addresses).
 * @throws Error beyond 65,534 devices.
 */
export function addressesOf(number: number): readonly [string, string] {
  if (number < 1 || number > 65534)
    throw new Error(`a tailnet has no address for device ${number}`);
  return [`100.100.${number >> 8}.${number & 255}`, `fd7a:115c:a1e0::${number.toString(16)}`];
}
