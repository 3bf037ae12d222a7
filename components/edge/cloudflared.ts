import {
  ComponentResource,
  type ComponentResourceOptions,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import type { NamespacePlan } from "../workload/namespace.ts";
import type { PodsPlan } from "../workload/pods.ts";
import { deployWorkload } from "../workload/workload.ts";

export interface CloudflaredArgs {
  /** Release of cloudflared, for example `2026.8.2`. */
  readonly version: string;
  /** Pods; at least 2, so that a node may go. */
  readonly replicas: number;
  /** The tunnel's token; secret. */
  readonly token: Output<string>;
}

const app = "cloudflared";

/** Namespace of the tunnel's end. */
export const cloudflaredNamespace: NamespacePlan = { name: app };

/** Where the cluster has the tunnel's token: a Secret, and its key. */
export const tunnelToken = { name: "tunnel-token", key: "token" } as const;

/** Where cloudflared tells how it is: `/ready` answers 200 while it has a connection to Cloudflare, `/healthcheck` always. */
const metricsPort = 2000;

/**
 * The tunnel's end inside the cluster. `opts.dependsOn` says after what it connects; it is gone before any of that is
 * deleted. A destroy waits until its pods are gone, so that the tunnel can be deleted.
 */
export class Cloudflared extends ComponentResource {
  /** Every replica is connected. */
  readonly connected: Resource;

  constructor(name: string, args: CloudflaredArgs, opts?: ComponentResourceOptions) {
    super("homelab:edge:Cloudflared", name, {}, opts);
    const { version, replicas, token } = args;
    this.connected = deployWorkload(
      name,
      {
        app,
        replicas,
        ...cloudflaredPods(version),
        // The token holds 32 random bytes, so it can be its own key.
        secret: {
          name: tunnelToken.name,
          role: "token",
          values: { [tunnelToken.key]: token },
          fingerprintKey: token,
        },
        budget: { minAvailable: 1 },
      },
      this,
    );
    this.registerOutputs({});
  }
}

/**
 * Container and pod of cloudflared. A pod that leaves has 30 s for its open requests.
 * @see https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/deployment-guides/kubernetes/
 */
export function cloudflaredPods(version: string): Pick<PodsPlan, "container" | "pod"> {
  const probe = (path: string) => ({ httpGet: { path, port: "metrics" } });
  return {
    container: {
      image: `docker.io/cloudflare/cloudflared:${version}`,
      args: ["tunnel", "--no-autoupdate", "--metrics", `0.0.0.0:${metricsPort}`, "run"],
      env: [
        {
          name: "TUNNEL_TOKEN",
          valueFrom: { secretKeyRef: { ...tunnelToken } },
        },
      ],
      ports: [{ name: "metrics", containerPort: metricsPort }],
      readinessProbe: { ...probe("/ready"), periodSeconds: 5, failureThreshold: 2 },
      // Not `/ready`, which is 503 while the uplink is down (cloudflared's metrics/readiness.go): cloudflared connects again by
      // itself, and a pod that is restarted meanwhile waits ever longer for its next try.
      livenessProbe: {
        ...probe("/healthcheck"),
        ...{ initialDelaySeconds: 10, periodSeconds: 10, failureThreshold: 12 },
      },
      resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "256Mi" } },
    },
    pod: { terminationGracePeriodSeconds: 45 },
  };
}
