/** What the lab's namespaces have as /etc/hosts and /etc/resolv.conf: the seat's, and the visitor's. */
import { writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import {
  connect,
  internet,
  objectStore,
  publicResolver,
  type SiteInventory,
} from "../world/inventory.ts";
import { lanDomain } from "./dns.ts";

/** The seat's hosts file: what the internet and the Proxmox hosts are called. */
export function hostsFile(sites: readonly SiteInventory[], hostname: string): string {
  const hosts = sites.flatMap((site) =>
    site.hosts.map((host) => `${host.address}\t${host.name}.${lanDomain(site)} ${host.name}`),
  );
  return [
    "127.0.0.1\tlocalhost",
    `127.0.1.1\t${hostname}`,
    "::1\tlocalhost ip6-localhost ip6-loopback",
    ...Object.values(internet).flatMap(({ address, names }) =>
      names.map((name) => `${address}\t${name}`),
    ),
    ...[connect, objectStore].map(({ address, name }) => `${address}\t${name}`),
    ...hosts,
    "",
  ].join("\n");
}

/** The seat asks the first site's router, which knows whom to ask for the others. */
export function resolverFile(sites: readonly SiteInventory[]): string {
  return [
    ...sites.slice(0, 1).map((site) => `nameserver ${site.gateway}`),
    `search ${sites.map(lanDomain).join(" ")}`,
    "options timeout:2 attempts:2",
    "",
  ].join("\n");
}

/** Writes the files that the lab's namespaces have as /etc/hosts and /etc/resolv.conf. */
export async function writeNameFiles(
  directory: string,
  sites: readonly SiteInventory[],
): Promise<void> {
  await writeFile(join(directory, "hosts"), hostsFile(sites, hostname()));
  await writeFile(join(directory, "resolv.conf"), resolverFile(sites));
  await writeFile(join(directory, "visitor-hosts"), "127.0.0.1\tlocalhost\n");
  await writeFile(join(directory, "visitor-resolv.conf"), `nameserver ${publicResolver}\n`);
}
