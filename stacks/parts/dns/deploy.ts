import { NodeLocalDns } from "../../../components/dns/node-local-dns.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";
import type { SiteCluster } from "../cluster/deploy.ts";

/** Gives every node its cache of DNS, where the config has one. */
export function deployDns(
  { name, config: { dns, network, cluster } }: Site,
  { nodes }: SiteCluster,
  { ready, kubernetes }: RunningCluster,
): void {
  if (dns === undefined) return;
  const { clusterDns, clusterDomain } = network;
  const { version, upstream, servers: domains, entries } = dns;
  new NodeLocalDns(
    `${name}-dns`,
    {
      ...{ version, upstream, domains, entries, clusterDns, clusterDomain, nodes },
      closed: cluster.profile === "cis",
    },
    { providers: [kubernetes], dependsOn: [ready] },
  );
}
