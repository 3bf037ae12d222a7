import type { core } from "@pulumi/kubernetes/types/input.js";
import { appSelector } from "./restricted.ts";

/**
 * Spreads pods over nodes, or over what another label tells apart, as far as that goes: one that is lost for long keeps none of
 * them from running. Charts take their constraints so.
 */
export function spreadWherePossible(
  labels: Readonly<Record<string, string>>,
  topologyKey = "kubernetes.io/hostname",
): core.v1.TopologySpreadConstraint {
  return {
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: { ...labels } },
  };
}

/**
 * Spreads an application's pods over nodes: no node carries two while another carries none. One node alone may carry all
 * of them; nodes that take no pods do not count, and neither do pods of the version before.
 * @see https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
 */
export function spreadOverNodes(name: string): core.v1.TopologySpreadConstraint[] {
  return [
    {
      maxSkew: 1,
      topologyKey: "kubernetes.io/hostname",
      whenUnsatisfiable: "DoNotSchedule",
      labelSelector: appSelector(name),
      nodeTaintsPolicy: "Honor",
      matchLabelKeys: ["pod-template-hash"],
    },
  ];
}

/** A pod on a node that does not answer is given up after half a minute, where Kubernetes would wait for five. */
export const soonElsewhere = ["not-ready", "unreachable"].map((state) => ({
  key: `node.kubernetes.io/${state}`,
  operator: "Exists",
  effect: "NoExecute",
  tolerationSeconds: 30,
}));
