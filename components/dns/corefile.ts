/** What the caches on the nodes answer, and whom they ask: their Corefile. */

/** A domain with servers of its own. */
export interface DomainServers {
  readonly domain: string;
  /** Addresses of its servers; asked in this order. */
  readonly servers: readonly string[];
}

/** A name outside of the cluster that its pods are to find at a Service. */
export interface ServedName {
  readonly name: string;
  /** The Service's whole name, below the cluster's domain. */
  readonly service: string;
}

/** What the Corefile is made of. */
export interface CorefilePlan {
  /** DNS domain of the cluster's services. */
  readonly clusterDomain: string;
  /** ClusterIP of the second Service in front of the cluster's DNS. */
  readonly upstream: string;
  /** Domains that others than the machines' nameservers answer for. */
  readonly domains: readonly DomainServers[];
  /** None of them a domain of its own. */
  readonly served: readonly ServedName[];
  /** Answers that each domain keeps. */
  readonly entries: number;
}

/** Ports of a cache: names that are asked for, Prometheus, and whether it lives. */
export const cachePorts = { dns: 53, metrics: 9253, health: 8080 } as const;

/** How long answers are kept at most, in seconds; and how long one that has ended is given while its server is silent. */
const kept = { found: 30, absent: 5, stale: "1h" } as const;

/**
 * The Corefile of node-cache 1.26. Every domain of its own is a block of its own, so that a silent server of one holds up
 * no other. Nothing in it is left for node-cache to fill in: it would take the upstream from an environment variable that a
 * pod has only if its Service stood before it. Nothing is reloaded either: a change rolls out pod by pod, and one that
 * CoreDNS refuses ends at the first node.
 * @see https://github.com/kubernetes/dns/blob/1.26.7/cmd/node-cache/main.go for the plugins that it has
 * @see https://github.com/kubernetes/dns/blob/1.26.7/cmd/node-cache/app/configmap.go for what it replaces
 */
export function nodeCorefile(plan: CorefilePlan): string {
  const { clusterDomain, upstream, domains, served, entries } = plan;
  const toCluster = forward([upstream], ["force_tcp"]);
  // In the block of the cluster's domain, because `cache` keeps names of its block alone, and `rewrite` comes before it or after
  // it by CoreDNS's release (plugin.cfg of v1.13.2 and v1.14.7). Answers have the name again that was asked for.
  const own = [clusterDomain, ...served.map(({ name }) => name)];
  const services = served.map(({ name, service }) => `rewrite name exact ${name} ${service}`);
  return [
    block(own, entries, [...services, ...toCluster], [`health :${cachePorts.health}`]),
    // The cluster's DNS knows the names behind addresses of pods and services, and asks on for all others.
    block(["in-addr.arpa"], entries, toCluster),
    block(["ip6.arpa"], entries, toCluster),
    ...domains.map(({ domain, servers }) =>
      block([domain], entries, forward(servers, servers.length > 1 ? ["policy sequential"] : [])),
    ),
    block(["."], entries, forward(["/etc/resolv.conf"], [])),
  ].join("\n");
}

function block(
  domains: readonly string[],
  entries: number,
  way: readonly string[],
  more: readonly string[] = [],
): string {
  const lines = [
    "errors",
    "cache {",
    `    success ${entries} ${kept.found}`,
    `    denial ${entries} ${kept.absent}`,
    "    prefetch 10 1m 20%",
    // Only where its server gives no answer: otherwise a service that has moved would keep its old address for an hour.
    `    serve_stale ${kept.stale} verify`,
    "}",
    "loop",
    "bind 0.0.0.0",
    ...way,
    `prometheus :${cachePorts.metrics}`,
    ...more,
  ];
  const head = domains.map((domain) => `${domain}:${cachePorts.dns}`).join(" ");
  return `${head} {\n${lines.map((line) => `    ${line}`).join("\n")}\n}\n`;
}

function forward(servers: readonly string[], options: readonly string[]): readonly string[] {
  const line = `forward . ${servers.join(" ")}`;
  if (options.length === 0) return [line];
  return [`${line} {`, ...options.map((option) => `    ${option}`), "}"];
}
