import { spreadWherePossible } from "../workload/placement.ts";

export interface GatewayValues {
  /** Controllers; they elect one that writes, and all serve the proxies. */
  readonly replicas: number;
  readonly clusterDomain: string;
  /** Redis of global rate limits, `HOST:PORT`. */
  readonly redis?: string | undefined;
}

/**
 * Values of the chart gateway-helm. Its kinds are the program's own; there are no zones that proxies could be told of.
 * @see https://gateway.envoyproxy.io/docs/install/gateway-helm-api/
 */
export function gatewayValues({ replicas, clusterDomain, redis }: GatewayValues) {
  return {
    crds: { enabled: false },
    kubernetesClusterDomain: clusterDomain,
    topologyInjector: { enabled: false },
    deployment: {
      replicas,
      pod: {
        topologySpreadConstraints: [spreadWherePossible({ "control-plane": "envoy-gateway" })],
      },
    },
    ...(replicas > 1 ? { podDisruptionBudget: { minAvailable: 1 } } : {}),
    certgen: {
      job: { resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "256Mi" } } },
    },
    config: {
      envoyGateway: {
        gateway: { controllerName },
        provider: { type: "Kubernetes" },
        ...(redis === undefined
          ? {}
          : { rateLimit: { backend: { type: "Redis", redis: { url: redis } } } }),
      },
    },
  };
}

/** The name by which the class finds its controller. */
export const controllerName = "gateway.envoyproxy.io/gatewayclass-controller";
