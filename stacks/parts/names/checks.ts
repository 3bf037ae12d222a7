import { nameListProblems } from "../../../components/names/names.ts";
import { addressNumber } from "../../../components/network/cidr.ts";
import { isWithheld, poolRange, poolText } from "../../../components/network/pool.ts";
import type { Problem } from "../../../components/problem.ts";
import type { SiteConfig } from "../../schema.ts";
import { isNamed, nameDomains, siteNames, type Named } from "./list.ts";

/** Each name is there once, in its domain, and tells the internet nothing of the LAN; the server has an address. */
export function checkNames(config: SiteConfig): readonly Problem[] {
  if (!isNamed(config)) return splitDns(config);
  return [
    ...nameListProblems(siteNames(config), nameDomains(config)),
    ...entries(config),
    ...address(config),
    ...forward(config),
  ];
}

function entries({ names }: Named): readonly Problem[] {
  return Object.entries(names.entries).flatMap(([name, entry]) => {
    const path = `homelab:names.entries.${name}`;
    if (entry.address === undefined && entry.public === undefined)
      return [{ path, text: "has no address; add `address`, `public` or both, or remove it" }];
    if (entry.proxied && entry.public === undefined) {
      const text = "concerns a public address, and there is none; add `public`, or remove it";
      return [{ path: `${path}.proxied`, text }];
    }
    return [];
  });
}

function address({ names, network, gateway }: Named): readonly Problem[] {
  const path = "homelab:names.address";
  const { loadBalancers } = network;
  const { first, last } = poolRange(loadBalancers);
  const number = addressNumber(names.address);
  if (number < first || number > last) {
    const text = `${names.address} is not in ${poolText(loadBalancers)}; use an address of homelab:network.loadBalancers`;
    return [{ path, text }];
  }
  if (isWithheld(loadBalancers, names.address)) {
    const text = `${names.address} is the first or the last of ${poolText(loadBalancers)}, which no service gets; use one between`;
    return [{ path, text }];
  }
  // Cilium gives one address to two services only where both ask to share it.
  if (names.address === gateway?.lan.address) {
    const text = `${names.address} is homelab:gateway.lan.address already; give each its own address`;
    return [{ path, text }];
  }
  return [];
}

/** A server that is asked by the LAN's resolver, and asks it, would go round in circles. */
function forward({ names, network, dns }: Named): readonly Problem[] {
  const own = new Map([
    [names.address, "homelab:names.address"],
    [network.clusterDns, "homelab:network.clusterDns"],
    ...(dns === undefined ? [] : [[dns.upstream, "homelab:dns.upstream"] as const]),
  ]);
  return names.forward.flatMap((server, i) => {
    const other = own.get(server);
    if (other === undefined) return [];
    const text = `${server} is ${other}, a server of the cluster itself; name one outside, such as 1.1.1.1`;
    return [{ path: `homelab:names.forward[${i}]`, text }];
  });
}

/** Nobody answers in the pool where the site has no DNS server; ways to one that it has are the tailnet's to check. */
function splitDns({ tailnet, network }: SiteConfig): readonly Problem[] {
  const { first, last } = poolRange(network.loadBalancers);
  return (tailnet?.splitDns ?? []).flatMap((server, i) => {
    const number = addressNumber(server);
    if (number < first || number > last) return [];
    const text = `${server} is of the load balancers' pool, and homelab:names is switched off: no DNS server answers there; switch it on, or name another server`;
    return [{ path: `homelab:tailnet.splitDns[${i}]`, text }];
  });
}
