import { NetworkPolicies } from "../../../components/policies/policies.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";
import { policyPlan } from "../../traffic.ts";
import type { SiteCluster } from "../cluster/deploy.ts";

/** Puts up the site's network policies, where the config has them; what comes after runs behind them. */
export function deployPolicies(
  { name, config }: Site,
  { nodes }: SiteCluster,
  running: RunningCluster,
): RunningCluster {
  if (config.networkPolicy === undefined) return running;
  const { valid } = new NetworkPolicies(
    name,
    { ...policyPlan(config), server: nodes[0], after: running.ready },
    { providers: [running.kubernetes] },
  );
  return { ...running, ready: valid };
}
