/**
 * The token that cloudflared runs a tunnel with: base64 of `{"a": account, "t": tunnel id, "s": secret}`. It is computed
 * here because asking Cloudflare for it would break each preview once somebody removed the tunnel by hand.
 * @param secret the tunnel's secret, base64 of at least 32 bytes
 * @see https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/configure-tunnels/remote-tunnel-permissions/
 */
export function connectorToken(account: string, tunnel: string, secret: string): string {
  return Buffer.from(JSON.stringify({ a: account, t: tunnel, s: secret })).toString("base64");
}
