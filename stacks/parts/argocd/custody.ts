import { custodyOf, type TreeSource } from "../../../components/argocd/gitops/hand-over.ts";
import { own, type Custody } from "../../../components/workload/custody.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";
import type { SiteCluster } from "../cluster/deploy.ts";
import type { SiteArgocd } from "./deploy.ts";
import { handable, treeFolder } from "./handable.ts";
import type { FoundHandOvers } from "./look.ts";

/** What the parts before it have made, and how far hand-overs are. */
export interface CustodySurroundings {
  readonly running: RunningCluster;
  readonly argocd: SiteArgocd | undefined;
  readonly found: FoundHandOvers;
}

/** In whose hands each of what can be handed over is, by its name; asked once for each. */
export function custodies(
  site: Site,
  { nodes: [server] }: Pick<SiteCluster, "nodes">,
  { running: { kubernetes, ready }, argocd, found }: CustodySurroundings,
): (name: string) => Custody {
  const plans = new Map(handable(site.config).map(({ tree }) => [tree.name, tree]));
  return (name) => {
    const plan = plans.get(name);
    const hand = found[name];
    if (plan === undefined || hand === undefined) return own;
    const { phase, adopts } = hand;
    // What is taken back needs no Argo CD that works.
    const after = phase === "returned" || argocd === undefined ? [ready] : [argocd.ready];
    return custodyOf(
      `${site.name}-hand-over-${name}`,
      phase,
      { plan, source: sourceOf(site), adopts, server, after },
      { providers: [kubernetes] },
    );
  };
}

function sourceOf({ name, config: { argocd } }: Site): TreeSource | undefined {
  const { gitops, repositories } = argocd ?? {};
  const repository = gitops && repositories?.[gitops.repository]?.url;
  if (gitops === undefined || repository === undefined) return undefined;
  return { repository, revision: gitops.revision, folder: treeFolder(name) };
}
