import type { Derivation } from "./config/derivation.ts";
import { deriveCluster } from "./parts/cluster/schema.ts";
import { deriveEdge } from "./parts/edge/schema.ts";
import { deriveMachines } from "./parts/machines/schema.ts";
import { deriveNetwork } from "./parts/network/schema.ts";
import { deriveProxmox } from "./parts/proxmox/schema.ts";
import { deriveNetworks } from "./parts/site/schema.ts";
import { deriveTailnet } from "./parts/tailnet/schema.ts";
import type { WrittenSite } from "./schema.ts";

/**
 * The config of a site from what its file says: what may be left out is filled in, and each part has its own versions. So
 * no part knows what was written and what was not. Pure, but for what `derivation` is told.
 */
export function deriveSite(written: WrittenSite, derivation: Derivation) {
  const { versions, people, machineDefaults, tailnet, edge, ...rest } = written;
  return {
    ...rest,
    people,
    site: deriveNetworks(written.site, derivation),
    proxmox: deriveProxmox(written.proxmox, versions, derivation),
    machines: deriveMachines(written.machines, machineDefaults, derivation),
    cluster: deriveCluster(written.cluster, versions),
    network: deriveNetwork(written.network, versions, tailnet, derivation),
    tailnet: tailnet && deriveTailnet(tailnet, versions, people, derivation),
    edge: edge && deriveEdge(edge, versions, people, derivation),
  };
}
