import { soonElsewhere, spreadWherePossible } from "../workload/placement.ts";
import { operatorLabels } from "./names.ts";

/** What of the operator's settings differs from its chart's. */
export interface OperatorPlan {
  /** Whether it lives on when a host is lost. */
  readonly replicas: number;
}

/**
 * Values of the dragonfly-operator chart. Its kind is the program's own. Two operators elect a leader: it is the operator that
 * makes another pod the master, so it must not go with a host. Metrics are plain, behind policies, in place of a proxy that
 * Prometheus would need rights for; the profile `restricted` wants a seccomp profile that the chart leaves out.
 * @see https://github.com/dragonflydb/dragonfly-operator/blob/v1.6.1/charts/dragonfly-operator/values.yaml
 */
export function operatorValues({ replicas }: OperatorPlan): Record<string, unknown> {
  return {
    crds: { install: false },
    replicaCount: replicas,
    podSecurityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    rbacProxy: { enabled: false },
    manager: {
      resources: { requests: { cpu: "20m", memory: "64Mi" }, limits: { memory: "256Mi" } },
      tolerations: soonElsewhere,
      topologySpreadConstraints: [spreadWherePossible(operatorLabels)],
    },
  };
}
