import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1/podDisruptionBudget.js";
import type { Provider } from "@pulumi/kubernetes/provider.js";
import {
  ComponentResource,
  unsecret,
  type ComponentResourceOptions,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import { fingerprint } from "../workload/fingerprint.ts";
import { appLabels, appSelector, restrictedNamespace } from "../workload/restricted.ts";
import { cloudflaredDeployment } from "./cloudflared-pods.ts";

export interface CloudflaredArgs {
  /** Release of cloudflared. */
  readonly version: string;
  readonly replicas: number;
  /** The tunnel's token; secret. */
  readonly token: Output<string>;
  /** What must stand before it connects; it is gone before any of these is deleted. */
  readonly after: readonly Resource[];
  /** The step after which the cluster runs workloads. */
  readonly cluster: Resource;
  readonly provider: Provider;
}

const app = "cloudflared";
const tokenKey = "token";

/** The tunnel's end inside the cluster. A destroy waits until its pods are gone, so that the tunnel can be deleted. */
export class Cloudflared extends ComponentResource {
  /** Every replica is connected. */
  readonly connected: Resource;

  constructor(name: string, args: CloudflaredArgs, opts?: ComponentResourceOptions) {
    super("homelab:edge:Cloudflared", name, {}, opts);
    const namespace = this.namespace(name, args);
    const secret = this.secret(name, args, namespace);
    this.connected = this.deployment(name, args, secret);
    this.budget(name, args, namespace);
    this.registerOutputs({});
  }

  private namespace(name: string, { cluster, provider }: CloudflaredArgs): Resource {
    return new Namespace(
      `${name}-namespace`,
      { metadata: { name: app, labels: { ...restrictedNamespace } } },
      { parent: this, provider, dependsOn: [cluster] },
    );
  }

  private secret(
    name: string,
    { token, provider }: CloudflaredArgs,
    namespace: Resource,
  ): Resource {
    return new Secret(
      `${name}-token`,
      {
        metadata: { name: "tunnel-token", namespace: app, labels: appLabels(app) },
        stringData: { [tokenKey]: token },
      },
      { parent: this, provider, dependsOn: [namespace] },
    );
  }

  private deployment(name: string, args: CloudflaredArgs, secret: Resource): Resource {
    const plan = {
      name: app,
      version: args.version,
      replicas: args.replicas,
      secret: "tunnel-token",
      secretKey: tokenKey,
      // The token holds 32 random bytes, so it can be its own key.
      fingerprint: unsecret(args.token.apply((token) => fingerprint(token, { token }))),
    };
    return new Deployment(
      `${name}-deployment`,
      {
        metadata: { name: app, namespace: app, labels: appLabels(app) },
        spec: cloudflaredDeployment(plan),
      },
      { parent: this, provider: args.provider, dependsOn: [secret, ...args.after] },
    );
  }

  private budget(name: string, { provider }: CloudflaredArgs, namespace: Resource): void {
    new PodDisruptionBudget(
      `${name}-budget`,
      {
        metadata: { name: app, namespace: app, labels: appLabels(app) },
        spec: { minAvailable: 1, selector: appSelector(app) },
      },
      { parent: this, provider, dependsOn: [namespace] },
    );
  }
}
