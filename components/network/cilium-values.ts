import { resources } from "../workload/resources.ts";
import { l2Values } from "./load-balancers.ts";

/** Where the Cilium chart is: https://docs.cilium.io/en/v1.19/installation/k8s-install-helm/ */
export const ciliumCharts = "https://helm.cilium.io";

/** What Cilium must know of the cluster. */
export interface CiliumPlan {
  /** Version of the chart. */
  readonly version: string;
  /** Pod network in CIDR form; each node takes a /24 of it. */
  readonly pods: string;
  /** Number of nodes. */
  readonly nodes: number;
  readonly clusterName: string;
  /** Network interface of the machines on the LAN. */
  readonly interface: string;
  /** MTU of that interface. */
  readonly mtu: number;
  /** Whether ClusterIPs answer from outside of the cluster. */
  readonly exposeServices: boolean;
  /** How services' addresses become known: to the router, or by ARP to the LAN itself. */
  readonly announce: "bgp" | "l2";
  /** Whether agents tell Prometheus of themselves; the operator, Envoy and Hubble do so in any case. */
  readonly metrics: boolean;
}

/**
 * Values of the Cilium chart: kube-proxy's work, Hubble, and how services are announced. Each node reaches the API through
 * itself (RKE2 listens on 127.0.0.1:6443 everywhere), so Cilium needs no address to begin with. Nodes share the LAN, so
 * pods are routed without a tunnel. Requests in memory are those that the chart suggests in its comments, and limits at most those
 * (1.19.6, values.yaml); relay, init containers and certgen have none there.
 * @see https://docs.cilium.io/en/v1.19/helm-reference/
 */
export function ciliumValues(plan: CiliumPlan): Record<string, unknown> {
  return {
    upgradeCompatibility: minorOf(plan.version),
    cluster: { name: plan.clusterName },
    k8sServiceHost: "127.0.0.1",
    k8sServicePort: 6443,
    kubeProxyReplacement: true,
    rollOutCiliumPods: true,
    // No limit: an agent that ends for memory takes its node's names along, and it is the kernel's last choice anyway. In small
    // clusters agents were seen to hold 330 to 430 MiB (https://github.com/cilium/cilium/issues/28772).
    resources: { requests: { cpu: "100m", memory: "512Mi" } },
    initResources: { requests: { cpu: "10m", memory: "32Mi" } },
    updateStrategy: oneByOne,
    routingMode: "native",
    ipv4NativeRoutingCIDR: plan.pods,
    autoDirectNodeRoutes: true,
    // Without a name Cilium takes tailscaled's interface too, and the least MTU of all of them for every pod
    // (pkg/datapath/linux/devices_controller.go, pkg/mtu/manager.go).
    devices: plan.interface,
    MTU: plan.mtu,
    bpf: {
      masquerade: true,
      // Cilium drops what comes from outside for a ClusterIP, announced or not (bpf/lib/nodeport.h).
      lbExternalClusterIP: plan.exposeServices,
    },
    // Sockets of pods are left alone, so that packets which a pod forwards, as the Connector does, meet the load
    // balancing too (https://tailscale.com/docs/kubernetes-operator/reference/compatibility).
    socketLB: { hostNamespaceOnly: true },
    localRedirectPolicies: { enabled: true },
    // A refused lookup of a name with a search domain behind it must not end the search: musl takes Refused for the answer
    // (https://docs.cilium.io/en/v1.19/security/policy/language/#dns-proxy).
    dnsProxy: { dnsRejectResponseCode: "nameError" },
    ipam: {
      mode: "cluster-pool",
      operator: { clusterPoolIPv4PodCIDRList: [plan.pods], clusterPoolIPv4MaskSize: 24 },
    },
    bgpControlPlane: { enabled: plan.announce === "bgp" },
    ...(plan.announce === "l2" ? l2Values() : {}),
    // No limit here either: what policies read of HTTP goes through it, and nothing else, so that it asks for less than the 512Mi
    // of the chart's comment.
    envoy: {
      enabled: true,
      updateStrategy: oneByOne,
      resources: { requests: { cpu: "50m", memory: "128Mi" } },
    },
    ...(plan.metrics ? { prometheus: { enabled: true } } : {}),
    operator: {
      replicas: Math.min(2, plan.nodes),
      rollOutPods: true,
      tolerations: operatorTolerations,
      resources: resources("50m", "128Mi", "1Gi"),
    },
    hubble: {
      enabled: true,
      relay: { enabled: true, resources: resources("10m", "64Mi", "512Mi") },
      ui: {
        enabled: true,
        frontend: { resources: resources("10m", "64Mi", "512Mi") },
        backend: { resources: resources("10m", "64Mi", "512Mi") },
      },
      // The chart's own method makes certificates of a year once: an upgrade keeps those that are there (1.19.6,
      // templates/hubble/tls-helm). The job makes new ones every four months, of an authority that it keeps (doctor/hubble.ts).
      tls: { auto: { method: "cronJob" } },
      metrics: {
        enableOpenMetrics: true,
        enabled: ["dns", "drop", "tcp", "flow", "port-distribution", "icmp", "httpV2"],
      },
    },
    certgen: { resources: resources("10m", "32Mi", "128Mi") },
  };
}

/**
 * The minor that a cluster began with, whose defaults the chart goes on to use (1.19.6, templates/cilium-configmap.yaml); the
 * release keeps what it was made with.
 * @see https://docs.cilium.io/en/v1.19/operations/upgrade/
 */
const minorOf = (version: string): string => version.split(".").slice(0, 2).join(".");

/** The chart takes two nodes at a time. Without its agent a node's pods look up no names (rules with `dns`). */
const oneByOne = { rollingUpdate: { maxUnavailable: 1 } };

/**
 * Those of the chart, and the taint of servers that run no ordinary pods: two operators never share a node, and with one
 * agent beside such servers the second found no place. A list in values replaces the chart's.
 */
const operatorTolerations = [
  "node-role.kubernetes.io/control-plane",
  "node-role.kubernetes.io/master",
  "node.kubernetes.io/not-ready",
  "node.cloudprovider.kubernetes.io/uninitialized",
  "CriticalAddonsOnly",
].map((key) => ({ key, operator: "Exists" }));
