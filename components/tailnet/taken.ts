import { isIPv4 } from "node:net";
import { ResourceHook } from "@pulumi/pulumi";
import { allTags, siteTags } from "./tags.ts";
import type { RoutedDevice, TailnetDevice } from "./tailscale-types.ts";
import { covers } from "./foreign-policy.ts";

/** Calls of Tailscale's API that looking for others' things takes. */
export interface LookingApi {
  routedDevices(): Promise<readonly RoutedDevice[]>;
  splitDns(): Promise<Readonly<Record<string, readonly string[]>>>;
}

/** What a site takes in a tailnet. */
export interface Claims {
  readonly site: string;
  /** Names of devices. */
  readonly names: readonly string[];
  /** The domain of its split DNS, and the servers that are asked for it. */
  readonly domain: string;
  readonly nameservers: readonly string[];
}

/**
 * Rejects when a name or the domain is another's: a device whose name is taken gets a number behind it, and nobody finds it;
 * a domain has one list of servers, so that the second site would overwrite the first's and take it away when it goes.
 */
export async function refuseTaken(api: LookingApi, claims: Claims): Promise<void> {
  const [devices, split] = await Promise.all([api.routedDevices(), api.splitDns()]);
  const taken = [
    ...claims.names.flatMap((name) => takenName(devices, allTags(claims.site), name)),
    ...takenDomain(devices, split, claims),
  ];
  if (taken.length > 0) throw new Error(taken.join("\n"));
}

/** A hook of what a site makes first there; in a preview too. What exists is the site's own, and not asked about. */
export function refusesTaken(name: string, api: LookingApi, claims: Claims): ResourceHook {
  return new ResourceHook(
    name,
    async ({ oldInputs }) => {
      if (oldInputs === undefined) await refuseTaken(api, claims);
    },
    { onDryRun: true },
  );
}

/**
 * A hook of a change after which there are more devices than before: the names of those that come are looked at, in a preview
 * too. A device of the site's own that has one may be the very one, of a run that was cut off, and stays.
 * @param before names of the devices that are there, by the inputs of the last run
 */
export function refusesFurther(
  name: string,
  api: { devices(): Promise<readonly TailnetDevice[]> },
  site: string,
  { before, wanted }: { before: (inputs: unknown) => readonly string[]; wanted: readonly string[] },
): ResourceHook {
  return new ResourceHook(
    name,
    async ({ oldInputs }) => {
      const had = before(oldInputs);
      const further = wanted.filter((hostname) => !had.includes(hostname));
      if (further.length === 0) return;
      const devices = await api.devices();
      const taken = further.flatMap((hostname) => takenName(devices, allTags(site), hostname));
      if (taken.length > 0) throw new Error(taken.join("\n"));
    },
    { onDryRun: true },
  );
}

/**
 * A hook of a way to a host of the tailnet, in a preview too: a host by name is among the tailnet's devices. One that is no
 * device of it, such as a Service of Tailscale's, is not asked for; neither is an address, behind which there is no name.
 * @param plan `device` is whether the host is to be one
 */
export function refusesMissing(
  name: string,
  api: { devices(): Promise<readonly TailnetDevice[]> },
  plan: {
    readonly name: string;
    readonly to: { readonly fqdn: string } | { readonly ip: string };
    readonly device: boolean;
  },
): ResourceHook {
  return new ResourceHook(
    name,
    async () => {
      if (!("fqdn" in plan.to) || !plan.device) return;
      const missing = missingHost(await api.devices(), plan.name, plan.to.fqdn);
      if (missing !== undefined) throw new Error(missing);
    },
    { onDryRun: true },
  );
}

/** What is wrong with a host's name: no device of the tailnet has it; undefined when one has. */
export function missingHost(
  devices: readonly TailnetDevice[],
  egress: string,
  fqdn: string,
): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replace(/\.$/, "");
  const names = devices.map(({ name }) => plain(name));
  if (names.includes(plain(fqdn))) return undefined;
  const [host = ""] = plain(fqdn).split(".");
  const alike = names.find((one) => one.split(".")[0] === host);
  const instead = alike === undefined ? "" : `; there is ${alike}`;
  return (
    `homelab:tailnet.egress.${egress}: the tailnet has no device ${fqdn}${instead}. Use the whole name that the admin ` +
    "console shows under Machines, or let the host join first"
  );
}

/** What is wrong with a device's name: a device has it that carries none of the site's own tags. */
export function takenName(
  devices: readonly TailnetDevice[],
  own: readonly string[],
  wanted: string,
): readonly string[] {
  const other = devices.find(
    ({ name, tags }) => name.split(".")[0] === wanted && !tags.some((tag) => own.includes(tag)),
  );
  if (other === undefined) return [];
  const whose = other.tags.length > 0 ? `with ${other.tags.join(", ")}` : `of ${other.user}`;
  return [
    `the tailnet already has a device ${wanted} (${other.id}), ${whose}: this site's would be called ${wanted}-1. ` +
      "Rename that one in the admin console under Machines, or give the site's another name",
  ];
}

function takenDomain(
  devices: readonly RoutedDevice[],
  split: Readonly<Record<string, readonly string[]>>,
  { site, domain, nameservers }: Claims,
): readonly string[] {
  const others = split[domain] ?? [];
  if (others.length === 0 || others.toSorted().join() === nameservers.toSorted().join()) return [];
  const tag = devices
    .filter(({ advertised }) =>
      advertised.some(
        (route) =>
          !route.endsWith("/0") && others.some((to) => isIPv4(to) && covers(route, `${to}/32`)),
      ),
    )
    .flatMap(({ tags }) => tags)
    .find((each) => each.endsWith("-connector"));
  // Behind its own Connector: an older list of its own.
  if (tag === siteTags(site).connector) return [];
  const owner =
    tag === undefined ? "somebody else" : `site ${tag.slice("tag:".length, -"-connector".length)}`;
  return [
    `the tailnet asks ${others.join(", ")} for ${domain} already, which ${owner} has set up; site ${site} would ask ` +
      `${nameservers.join(", ")}, and nobody the other any more. Give this site a domain of its own in homelab:site.domain, ` +
      "or take the entry away in the admin console under DNS",
  ];
}
