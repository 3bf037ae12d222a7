import type { Derivation } from "./config/derivation.ts";
import { deriveCluster } from "./parts/cluster/schema.ts";
import { deriveEdge } from "./parts/edge/schema.ts";
import { deriveTailnet } from "./parts/tailnet/schema.ts";
import type { WrittenSite } from "./schema.ts";

/**
 * The config of a site from what its file says: what may be left out is filled in, and each part has its own versions. So
 * no part knows what was written and what was not. Pure, but for what `derivation` is told.
 */
export function deriveSite(written: WrittenSite, derivation: Derivation) {
  const { versions, proxmox, cluster, network, tailnet, edge, ...rest } = written;
  return {
    ...rest,
    proxmox: { ...proxmox, image: versions.image },
    cluster: deriveCluster(cluster, versions),
    network: { ...network, cilium: versions.cilium },
    tailnet: tailnet && deriveTailnet(tailnet, versions, derivation),
    edge: edge && deriveEdge(edge, versions, derivation),
  };
}
