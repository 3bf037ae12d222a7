import { hostLabel } from "../storage/classes.ts";
import { soonElsewhere, spreadWherePossible } from "../workload/placement.ts";
import { resources } from "../workload/resources.ts";
import { instancePods, operatorLabels, postgresNamespace } from "./names.ts";

/** What of the operator's settings differs from its chart's. */
export interface OperatorPlan {
  /** Whether it lives on when a host is lost. */
  readonly replicas: number;
}

/**
 * Values of the cloudnative-pg chart. Its kinds are the program's own. Two operators elect a leader, and either answers the
 * webhooks without which no object of these kinds is taken.
 * @see https://github.com/cloudnative-pg/charts/blob/cloudnative-pg-v0.29.0/charts/cloudnative-pg/values.yaml
 */
export function operatorValues({ replicas }: OperatorPlan): Record<string, unknown> {
  return {
    crds: { create: false },
    replicaCount: replicas,
    resources: resources("50m", "128Mi", "512Mi"),
    topologySpreadConstraints: [spreadWherePossible(operatorLabels, hostLabel)],
  };
}

/**
 * Values of the plugin-barman-cloud chart. There is one plugin: its Deployment can only be recreated, and a second one would
 * never be ready, for the leader alone listens (plugin-barman-cloud, internal/cnpgi/operator/start.go). While it is away
 * instances archive on by their own container, but the operator does nothing for a cluster whose plugin does not answer, not
 * even make another instance the primary (cloudnative-pg, internal/controller/cluster_controller.go, `WithPlugins`): it stays
 * away from the instances' hosts where it can, and is soon elsewhere when its own is lost.
 * @see https://github.com/cloudnative-pg/charts/blob/plugin-barman-cloud-v0.7.0/charts/plugin-barman-cloud/values.yaml
 */
export function pluginValues(): Record<string, unknown> {
  return {
    crds: { create: false },
    resources: resources("10m", "64Mi", "256Mi"),
    tolerations: soonElsewhere,
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 100,
            podAffinityTerm: {
              topologyKey: hostLabel,
              namespaces: [postgresNamespace.name],
              labelSelector: { matchLabels: instancePods },
            },
          },
        ],
      },
    },
  };
}
