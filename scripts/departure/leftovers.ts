/** What the services outside a site hold of it; after a destroy, what is left. */
import { samePolicy } from "../../components/tailnet/policy-document.ts";
import { isSitesService } from "../../components/tailnet/services.ts";
import { allTags } from "../../components/tailnet/tags.ts";
import { TailscaleApi } from "../../components/tailnet/tailscale-api.ts";
import type { TailnetMemory } from "./accounts.ts";
import { cloudflareLeftovers } from "../../components/edge/cloudflare-api.ts";
import { kindOfKey, type Leftover } from "../../components/leftover.ts";
import type { Outside } from "./outside.ts";

async function tailnetLeftovers(
  { access, policy }: TailnetMemory,
  site: string,
): Promise<Leftover[]> {
  const api = new TailscaleApi(access);
  const tags = new Set(allTags(site));
  const ours = (own: readonly string[]): boolean => own.some((tag) => tags.has(tag));
  const devices = (await api.devices()).filter((device) => ours(device.tags));
  const services = (await api.services()).filter((one) => isSitesService(one, [...tags]));
  // The client that this asks with may carry the site's tags, and is its user's.
  const keys = (await api.keys()).filter(
    ({ id, tags: own }) => id !== access.clientId && ours(own),
  );
  const stays =
    policy !== undefined &&
    !samePolicy(policy.written, policy.before || "{}") &&
    samePolicy((await api.policy()).text, policy.written);
  return [
    ...devices.map(({ id, name }) => ({ kind: "tailnet device" as const, name, id })),
    ...services.map(({ name }) => ({ kind: "tailnet Service" as const, name, id: name })),
    ...keys.map(({ id, keyType, description, created }) => ({
      kind: kindOfKey(keyType),
      name: description,
      id,
      created,
    })),
    ...(stays
      ? [{ kind: "tailnet policy" as const, name: "as this site wrote it", id: access.tailnet }]
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
