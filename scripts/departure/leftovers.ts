/** What is left of a site at the services outside it, after a destroy. */
import { allTags } from "../../components/tailnet/tags.ts";
import { TailscaleApi } from "../../components/tailnet/tailscale-api.ts";
import type { CloudflareAccount, TailnetMemory } from "./accounts.ts";
import { cloudflareLeftovers } from "./cloudflare.ts";
import type { Leftover } from "./leftover.ts";

/** What is known of the services; undefined where the site has none, or nothing is known any more. */
export interface Outside {
  readonly cloudflare?: CloudflareAccount;
  /** Id of the tunnel. */
  readonly tunnel?: string;
  readonly tailnet?: TailnetMemory;
  /** Services that the site uses and that the state holds no login of, such as after a destroy that ended well. */
  readonly unseen: readonly string[];
}

async function tailnetLeftovers(
  { access, policy }: TailnetMemory,
  site: string,
): Promise<Leftover[]> {
  const api = new TailscaleApi(access);
  const tags = new Set(allTags(site));
  const ours = (own: readonly string[]): boolean => own.some((tag) => tags.has(tag));
  const devices = (await api.devices()).filter((device) => ours(device.tags));
  const keys = (await api.keys()).filter((key) => ours(key.tags));
  const inForce = policy === undefined ? undefined : (await api.policy()).text;
  return [
    ...devices.map(({ id, name }) => ({ kind: "tailnet device", name, id })),
    ...keys.map(({ id, keyType, description }) => ({
      kind: keyType === "client" ? "Tailscale OAuth client" : "Tailscale auth key",
      name: description,
      id,
    })),
    ...(policy !== undefined && inForce === policy.written && inForce !== policy.before
      ? [{ kind: "tailnet policy", name: "as this site wrote it", id: access.tailnet }]
      : []),
  ];
}

/** Everything that is left. Rejects when a service cannot be asked. */
export async function leftovers(site: string, outside: Outside): Promise<readonly Leftover[]> {
  const { cloudflare, tunnel, tailnet } = outside;
  return [
    ...(cloudflare === undefined ? [] : await cloudflareLeftovers(cloudflare, site, tunnel)),
    ...(tailnet === undefined ? [] : await tailnetLeftovers(tailnet, site)),
  ];
}
