import { spreadWherePossible } from "../workload/placement.ts";
import { operatorLabels } from "./names.ts";

/** What of the operator's settings differs from its chart's. */
export interface OperatorPlan {
  /** Whether it lives on when a host is lost. */
  readonly replicas: number;
  /** DNS domain of the cluster's services. */
  readonly clusterDomain: string;
  /** Release of Gateway API's kinds, for which it looks once, when it starts; undefined where the site has none. */
  readonly gatewayApi?: string | undefined;
}

/**
 * Values of the strimzi-kafka-operator chart. The operator gives what it makes the contexts of the profile `restricted`
 * (documentation, con-config-security-providers), and no policies: they would let everybody into each listener, and the
 * site's own say who may.
 * @see https://github.com/strimzi/strimzi-kafka-operator/blob/1.2.0/packaging/helm-charts/helm3/strimzi-kafka-operator/values.yaml
 */
export function operatorValues({
  replicas,
  clusterDomain,
  gatewayApi,
}: OperatorPlan): Record<string, unknown> {
  return {
    replicas,
    // Of its pods: they start anew when the kinds come.
    ...(gatewayApi === undefined ? {} : { annotations: { "homelab/gateway-api": gatewayApi } }),
    kubernetesServiceDnsDomain: clusterDomain,
    generateNetworkPolicy: false,
    extraEnvs: [{ name: "STRIMZI_POD_SECURITY_PROVIDER_CLASS", value: "restricted" }],
    resources: { requests: { cpu: "100m", memory: "384Mi" }, limits: { memory: "512Mi" } },
    topologySpreadConstraints: [spreadWherePossible(operatorLabels)],
  };
}
