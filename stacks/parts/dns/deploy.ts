import { NodeLocalDns } from "../../../components/dns/node-local-dns.ts";
import { operatorNamespace } from "../../../components/tailnet/operator-values.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";
import type { SiteCluster } from "../cluster/deploy.ts";
import { ledNames } from "../tailnet/proxies-schema.ts";

/** Gives every node its cache of DNS, where the config has one. */
export function deployDns(
  { name, config: { dns, network, cluster, tailnet } }: Site,
  { nodes }: SiteCluster,
  { ready, kubernetes }: RunningCluster,
): void {
  if (dns === undefined) return;
  const { clusterDns, clusterDomain } = network;
  const { version, upstream, servers: domains, entries } = dns;
  const served = ledNames(tailnet).map(({ hostname, host }) => ({
    name: hostname,
    service: `${host}.${operatorNamespace.name}.svc.${clusterDomain}`,
  }));
  new NodeLocalDns(
    `${name}-dns`,
    {
      ...{ version, upstream, domains, served, entries, clusterDns, clusterDomain, nodes },
      closed: cluster.profile === "cis",
    },
    { providers: [kubernetes], dependsOn: [ready] },
  );
}
