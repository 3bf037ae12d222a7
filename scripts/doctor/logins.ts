/** How the services outside are asked, with the secrets that the config refers to. */
import { TailscaleApi } from "../../components/tailnet/tailscale-api.ts";
import type { SiteConfig } from "../../stacks/schema.ts";
import type { CloudflareAccount } from "../departure/accounts.ts";
import type { Known } from "./secrets.ts";

/** The Cloudflare account; undefined without an edge, or when its token cannot be read. */
export function cloudflareAccountOf(
  { edge }: SiteConfig,
  known: Known,
): CloudflareAccount | undefined {
  const token = known.get("homelab:edge.apiToken");
  if (edge === undefined || token === undefined) return undefined;
  const base = process.env["CLOUDFLARE_BASE_URL"] ?? "https://api.cloudflare.com/client/v4";
  const { accountId, zoneId } = edge;
  return { baseUrl: base.replace(/\/+$/, ""), token, accountId, zoneId };
}

/** The tailnet's API; undefined without a tailnet, or when its OAuth client cannot be read. */
export function tailnetApiOf({ tailnet }: SiteConfig, known: Known): TailscaleApi | undefined {
  const clientId = known.get("homelab:tailnet.oauth.clientId");
  const clientSecret = known.get("homelab:tailnet.oauth.clientSecret");
  if (tailnet === undefined || clientId === undefined || clientSecret === undefined) {
    return undefined;
  }
  return new TailscaleApi({ tailnet: tailnet.tailnet, clientId, clientSecret });
}
