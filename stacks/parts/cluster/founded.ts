/** What of a site's config must fit the cluster that runs. */
import type { Machine, MachineSpec } from "../../../components/machine.ts";
import type { Problem } from "../../../components/problem.ts";
import type { Founded } from "../../../components/rke2/founded.ts";
import type { SiteConfig } from "../../schema.ts";

/** Why each setting of a founded cluster stays: what lives by it. */
const settled = {
  pods: {
    path: "homelab:network.pods",
    why: "every pod has its address there, and Cilium takes no other for a pool that is in use",
  },
  services: {
    path: "homelab:network.services",
    why: "every service has its address there, the API server's is in its certificate, and RKE2 takes no other",
  },
  clusterDns: {
    path: "homelab:network.clusterDns",
    why: "every pod was told to ask there",
  },
  clusterDomain: {
    path: "homelab:network.clusterDomain",
    why: "every pod was told to search there",
  },
  vip: {
    path: "homelab:cluster.vip",
    why: "every node joined there, and the kubeconfig, kube-vip and the API server's certificate name it",
  },
} as const;

/**
 * Why a site's config does not fit the cluster that runs: RKE2 calls its settings critical values, which have to
 * be the same on all servers from the first start on. https://docs.rke2.io/reference/server_config#critical-configuration-values
 */
export function foundedProblems(
  { cluster, network }: Pick<SiteConfig, "cluster" | "network">,
  founded: Founded | undefined,
): readonly Problem[] {
  if (founded === undefined) return [];
  const wanted: Founded = { ...network, vip: cluster.vip };
  return (
    (Object.keys(settled) as (keyof Founded)[])
      .filter((key) => founded[key] !== wanted[key])
      // The usual address moves with its network, which is named already.
      .filter((key) => key !== "clusterDns" || founded.services === wanted.services)
      .map((key) => ({
        path: settled[key].path,
        text:
          `the cluster was founded with ${founded[key]}, and ${wanted[key]} cannot take its place: ${settled[key].why}. ` +
          `Put back ${founded[key]}; another one needs a new cluster, which begins empty: npm run destroy with the old ` +
          "value, then npm run up with the new one",
      }))
  );
}

/**
 * Why the first server may not be built: nobody can say whether there is a cluster, and it would begin a second one. Names
 * the servers which are there and cannot be asked.
 */
export function firstProblems(
  machines: readonly (Pick<MachineSpec, "name"> &
    Pick<Machine, "role" | "host" | "stands" | "offline">)[],
): readonly Problem[] {
  const [first, ...others] = machines.filter(({ role }) => role === "server");
  if (first === undefined || first.stands) return [];
  const there = others.filter(({ stands }) => stands);
  if (there.length === 0 || there.some(({ offline }) => !offline)) return [];
  const text =
    `the first server is to be built, and the others cannot be asked to let it into their cluster: the hosts of ` +
    `${there.map((server) => server.name).join(", ")} are down; bring one of them back first`;
  return [{ path: `homelab:machines (${first.name})`, text }];
}
