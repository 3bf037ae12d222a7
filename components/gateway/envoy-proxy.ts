import { spreadWherePossible } from "../workload/placement.ts";
import { loadBalancer } from "../workload/load-balancer.ts";
import { proxyName, type GatewayName, type ProxyScale } from "./plan.ts";

/** How a gateway's proxies are reached. */
export interface ProxyService {
  readonly gateway: GatewayName;
  readonly scale: ProxyScale;
  /** Whether load balancers are announced by BGP, where a node without a proxy does not announce. */
  readonly bgp: boolean;
}

/**
 * Spec of a gateway's EnvoyProxy: Deployment, autoscaler, budget and Service.
 * @see https://gateway.envoyproxy.io/docs/api/extension_types/#envoyproxyspec
 */
export function envoyProxySpec({ gateway, scale, bgp }: ProxyService) {
  const name = proxyName(gateway);
  return {
    provider: {
      type: "Kubernetes",
      kubernetes: {
        envoyDeployment: {
          name,
          pod: { topologySpreadConstraints: [spreadWherePossible(proxyLabels(gateway))] },
          container: {
            resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "1Gi" } },
          },
        },
        envoyHpa: {
          minReplicas: scale.min,
          maxReplicas: scale.max,
          metrics: [
            {
              type: "Resource",
              resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 75 } },
            },
          ],
        },
        // Never `minAvailable`: with one proxy it would keep its node from being drained.
        envoyPDB: { maxUnavailable: 1 },
        envoyService: { name, ...service(gateway, bgp) },
      },
    },
  };
}

/**
 * Labels of a gateway's proxies.
 * @see https://github.com/envoyproxy/gateway/blob/v1.9.1/internal/gatewayapi/helpers.go GatewayOwnerLabels
 */
export function proxyLabels(gateway: GatewayName): Record<string, string> {
  return {
    "app.kubernetes.io/name": "envoy",
    "gateway.envoyproxy.io/owning-gateway-name": gateway,
  };
}

function service(gateway: GatewayName, bgp: boolean): Record<string, string | boolean> {
  switch (gateway) {
    case "lan":
      // `Local` keeps clients' addresses. Announced by ARP, one node has the address, with or without a proxy.
      return { ...loadBalancer, externalTrafficPolicy: bgp ? "Local" : "Cluster" };
    case "internal":
      return { ...loadBalancer, loadBalancerClass: "tailscale" };
    case "public":
      return { type: "ClusterIP" };
  }
}

/** Annotations of a gateway's Service: the address that LB-IPAM gives it, or its name in the tailnet. */
export function serviceAnnotations(
  gateway: GatewayName,
  {
    address,
    device,
  }: { readonly address?: string | undefined; readonly device?: string | undefined },
): Record<string, string> {
  if (gateway === "lan" && address !== undefined) return { "lbipam.cilium.io/ips": address };
  if (gateway === "internal" && device !== undefined) return { "tailscale.com/hostname": device };
  return {};
}

/** A gateway's reference to its EnvoyProxy, which has its name. */
export function parametersRef(gateway: GatewayName) {
  return { group: "gateway.envoyproxy.io", kind: "EnvoyProxy", name: gateway };
}
