import type { apps, core } from "@pulumi/kubernetes/types/input.js";
import type { Input } from "@pulumi/pulumi";
import { fingerprintAnnotation } from "../workload/fingerprint.ts";
import {
  appLabels,
  appSelector,
  restrictedContainer,
  restrictedPod,
  spreadOverNodes,
} from "../workload/restricted.ts";

export interface CloudflaredPlan {
  /** Name of the objects and of their namespace. */
  readonly name: string;
  /** Release of cloudflared, for example `2025.11.1`. */
  readonly version: string;
  /** Pods; at least 2, so that a node may go. */
  readonly replicas: number;
  /** Name of the Secret that holds the token, and its key. */
  readonly secret: string;
  readonly secretKey: string;
  /** Changes with the token. */
  readonly fingerprint: Input<string>;
}

/** Where cloudflared tells how it is: `/ready` answers 200 while it has a connection to Cloudflare. */
const metricsPort = 2000;

/**
 * Spec of cloudflared's Deployment. A pod that leaves has 30 s for its open requests; a new one must be connected before
 * an old one leaves.
 * @see https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/deployment-guides/kubernetes/
 */
export function cloudflaredDeployment(plan: CloudflaredPlan): apps.v1.DeploymentSpec {
  return {
    replicas: plan.replicas,
    selector: appSelector(plan.name),
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    template: {
      metadata: {
        labels: appLabels(plan.name),
        annotations: { [fingerprintAnnotation]: plan.fingerprint },
      },
      spec: {
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: restrictedPod(),
        topologySpreadConstraints: spreadOverNodes(plan.name),
        terminationGracePeriodSeconds: 45,
        containers: [container(plan)],
      },
    },
  };
}

function container({ name, version, secret, secretKey }: CloudflaredPlan): core.v1.Container {
  const probe = { httpGet: { path: "/ready", port: "metrics" } };
  return {
    name,
    image: `docker.io/cloudflare/cloudflared:${version}`,
    args: ["tunnel", "--no-autoupdate", "--metrics", `0.0.0.0:${metricsPort}`, "run"],
    env: [{ name: "TUNNEL_TOKEN", valueFrom: { secretKeyRef: { name: secret, key: secretKey } } }],
    ports: [{ name: "metrics", containerPort: metricsPort }],
    readinessProbe: { ...probe, periodSeconds: 5, failureThreshold: 2 },
    // A short outage of the uplink is no reason to begin anew: cloudflared connects again by itself.
    livenessProbe: { ...probe, initialDelaySeconds: 10, periodSeconds: 10, failureThreshold: 12 },
    resources: {
      requests: { cpu: "10m", memory: "64Mi" },
      limits: { memory: "256Mi" },
    },
    securityContext: restrictedContainer(),
  };
}
