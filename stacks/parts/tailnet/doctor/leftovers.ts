/** What a create left behind whose answer was lost: devices and keys with the site's tags that are not the stack's. */
import { kindOfKey } from "../../../../components/leftover.ts";
import { siteTags } from "../../../../components/tailnet/tags.ts";
import type {
  TailnetDevice,
  TailnetKeyInfo,
} from "../../../../components/tailnet/tailscale-types.ts";
import { ok, warning, type Finding } from "../../../doctor/finding.ts";

/** Devices and keys with the site's tags that are neither the stack's nor of its machines. */
export function judgeTailnetLeftovers(
  site: string,
  machines: readonly string[],
  devices: readonly TailnetDevice[],
  keys: readonly TailnetKeyInfo[],
  known: ReadonlySet<string>,
): readonly Finding[] {
  const tags = siteTags(site);
  const own = devices.filter((device) => device.tags.some((tag) => isSites(tag)));
  const seen = new Map<string, string>();
  const found: Finding[] = [];
  for (const { id, name, hostname, tags: carried } of own) {
    const remove = `remove it in the admin console under Machines, once you know which of them is offline: ${id}`;
    const twin = seen.get(hostname);
    seen.set(hostname, id);
    if (twin !== undefined) {
      const text = `two devices are called ${hostname}: ${twin} and ${id}`;
      found.push(warning(`tailnet device ${name}`, text, remove));
    } else if (carried.includes(tags.node) && !machines.includes(hostname)) {
      const text = `carries ${tags.node}, and the site has no machine ${hostname}`;
      found.push(warning(`tailnet device ${name}`, text, remove));
    }
  }
  // The operator makes and revokes keys for itself and its proxies.
  for (const { id, keyType, description, tags: carried } of keys) {
    const client = keyType === "client";
    if (known.has(id) || !carried.includes(client ? tags.operator : tags.node)) continue;
    const kind = kindOfKey(keyType);
    found.push(
      warning(
        `${kind} ${id}`,
        `${description === "" ? "it" : `"${description}"`} carries this site's tags and is not in its state`,
        `revoke it in the admin console under Settings > ${client ? "Trust credentials" : "Keys"}: ${id}`,
      ),
    );
  }
  if (found.length > 0) return found;
  return [ok("tailnet, leftovers", `all ${own.length} devices are the site's`)];

  function isSites(tag: string): boolean {
    return tag === tags.node || tag === tags.operator || tag === tags.connector;
  }
}
