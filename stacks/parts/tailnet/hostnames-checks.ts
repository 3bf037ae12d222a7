import { isIn } from "../../../components/names/names.ts";
import type { Problem } from "../../../components/problem.ts";
import { appNames } from "../../apps/names.ts";
import type { SiteConfig } from "../../schema.ts";
import { ledNames } from "./proxies-schema.ts";

/** Names that lead pods to hosts of the tailnet are answered by the caches, once each, and are nobody else's. */
export function checkHostnames(config: SiteConfig): readonly Problem[] {
  const led = ledNames(config.tailnet);
  return led.flatMap(({ hostname, path }, i) => {
    const wrong = wrongName(config, hostname) ?? repeatedName(led.slice(0, i), hostname);
    return wrong === undefined ? [] : [{ path, text: wrong }];
  });
}

function wrongName(config: SiteConfig, name: string): string | undefined {
  const { dns, network, gateway, apps } = config;
  if (dns === undefined)
    return "is told to pods by the nodes' caches, which the site has not; add homelab:dns, or leave it out";
  if (isIn(network.clusterDomain, name))
    return `${name} lies in ${network.clusterDomain}, whose names the cluster makes; use the one that the host's certificate has`;
  if (dns.servers.some(({ domain }) => domain === name))
    return `${name} is a domain that the caches ask servers of its own for; name a host below it`;
  const routed = Object.values(gateway?.routes ?? {}).flatMap(({ hostnames }) => hostnames);
  const shown = appNames(apps).map(({ hostname }) => hostname);
  if (![...routed, ...shown].includes(name)) return undefined;
  return `${name} is shown by this site itself, and its pods would be led away; remove it`;
}

function repeatedName(
  before: readonly { readonly hostname: string; readonly host: string }[],
  name: string,
): string | undefined {
  const first = before.find(({ hostname }) => hostname === name);
  return first && `${name} leads to ${first.host} already; keep one of them`;
}
