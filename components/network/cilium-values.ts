/** What Cilium must know of the cluster. */
export interface CiliumPlan {
  /** Pod network in CIDR form; each node takes a /24 of it. */
  readonly pods: string;
  /** Number of nodes. */
  readonly nodes: number;
  readonly clusterName: string;
}

/**
 * Values of the Cilium chart: kube-proxy's work, Hubble and the BGP control plane. Each node reaches the API through
 * itself (RKE2 listens on 127.0.0.1:6443 everywhere), so Cilium needs no address to begin with. Nodes share the LAN, so
 * pods are routed without a tunnel.
 * @see https://docs.cilium.io/en/v1.19/helm-reference/
 */
export function ciliumValues(plan: CiliumPlan): Record<string, unknown> {
  return {
    cluster: { name: plan.clusterName },
    k8sServiceHost: "127.0.0.1",
    k8sServicePort: 6443,
    kubeProxyReplacement: true,
    rollOutCiliumPods: true,
    routingMode: "native",
    ipv4NativeRoutingCIDR: plan.pods,
    autoDirectNodeRoutes: true,
    bpf: { masquerade: true },
    localRedirectPolicies: { enabled: true },
    ipam: {
      mode: "cluster-pool",
      operator: { clusterPoolIPv4PodCIDRList: [plan.pods], clusterPoolIPv4MaskSize: 24 },
    },
    bgpControlPlane: { enabled: true },
    envoy: { enabled: true },
    operator: { replicas: Math.min(2, plan.nodes), rollOutPods: true },
    hubble: {
      enabled: true,
      relay: { enabled: true },
      ui: { enabled: true },
      // The chart's own method makes certificates of a year once: an upgrade keeps those that are there (1.19.6,
      // templates/hubble/tls-helm). The job makes new ones every four months.
      tls: { auto: { method: "cronJob" } },
      metrics: {
        enableOpenMetrics: true,
        enabled: ["dns", "drop", "tcp", "flow", "port-distribution", "icmp", "httpV2"],
      },
    },
  };
}
