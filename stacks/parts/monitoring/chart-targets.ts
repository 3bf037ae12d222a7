import type { Sight } from "../../../components/monitoring/proof.ts";
import type { SiteConfig } from "../../schema.ts";

/** Which of the charts' own monitors find something in a site. */
export function chartTargets({
  cluster,
}: Pick<SiteConfig, "cluster">): Pick<Sight, "controlPlane" | "clusterDns"> {
  return {
    controlPlane: cluster.metrics,
    // With a profile RKE2's network policies stand before it: rke2, pkg/rke2/np.go.
    clusterDns: cluster.profile === undefined,
  };
}
