import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1/podDisruptionBudget.js";
import type { Provider } from "@pulumi/kubernetes/provider.js";
import {
  all,
  ComponentResource,
  output,
  secret,
  unsecret,
  type ComponentResourceOptions,
  type Input,
  type Resource,
} from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random/randomPassword.js";
import type { Publication } from "../edge/publication.ts";
import { fingerprint } from "../workload/fingerprint.ts";
import { appLabels, appSelector, restrictedNamespace } from "../workload/restricted.ts";
import { typeoDeployment, typeoPort, type TypeoPlan } from "./typeo-pods.ts";

export interface TypeoArgs {
  /** Image without its tag, and the tag. */
  readonly image: string;
  readonly version: string;
  readonly replicas: number;
  /** Environment of the application; every value is treated as secret. */
  readonly settings: Readonly<Record<string, Input<string>>>;
  /** Public name; only the cluster reaches the application without one. */
  readonly hostname?: string;
  /** Names of Access policies, or why there are none. */
  readonly access: readonly string[];
  readonly withoutAccess?: string;
  /** DNS domain of the cluster's services. */
  readonly clusterDomain: string;
  /** The step after which the cluster runs workloads. */
  readonly cluster: Resource;
  readonly provider: Provider;
}

const app = "typeo";
const settingsSecret = "typeo-settings";

/** Typeo, typing practice: a web application. Ready once all its pods are. */
export class Typeo extends ComponentResource {
  /** Address inside the cluster. */
  readonly address: string;
  /** What the edge publishes; none without a public name. */
  readonly published: readonly Publication[];

  constructor(name: string, args: TypeoArgs, opts?: ComponentResourceOptions) {
    super("homelab:apps:Typeo", name, {}, opts);
    const namespace = new Namespace(
      `${name}-namespace`,
      { metadata: { name: app, labels: { ...restrictedNamespace } } },
      { parent: this, provider: args.provider, dependsOn: [args.cluster] },
    );
    const environment = this.environment(name, args, namespace);
    const service = this.service(name, args, namespace);
    const running = this.deployment(name, args, [namespace, service], environment);
    this.budget(name, args, namespace);
    this.address = `http://${app}.${app}.svc.${args.clusterDomain}:${typeoPort}`;
    this.published = this.publication(args, running);
    this.registerOutputs({ address: this.address });
  }

  private environment(
    name: string,
    { settings, provider }: TypeoArgs,
    namespace: Resource,
  ): (TypeoPlan["environment"] & { readonly resource?: Resource }) | undefined {
    if (Object.keys(settings).length === 0) return undefined;
    const values = secret(output(settings));
    const resource = new Secret(
      `${name}-settings`,
      {
        metadata: { name: settingsSecret, namespace: app, labels: appLabels(app) },
        stringData: values,
      },
      { parent: this, provider, dependsOn: [namespace] },
    );
    const key = new RandomPassword(
      `${name}-fingerprint`,
      { length: 43, special: false },
      { parent: this },
    );
    const mark = all([key.result, values]).apply(([text, plain]) => fingerprint(text, plain));
    return { secret: settingsSecret, fingerprint: unsecret(mark), resource };
  }

  private service(name: string, { provider }: TypeoArgs, namespace: Resource): Resource {
    return new Service(
      `${name}-service`,
      {
        metadata: {
          name: app,
          namespace: app,
          labels: appLabels(app),
          // The Deployment is waited for; the Service's own wait takes ten seconds even when all is well.
          annotations: { "pulumi.com/skipAwait": "true" },
        },
        spec: {
          selector: appSelector(app).matchLabels,
          ports: [{ name: "http", port: typeoPort, targetPort: "http" }],
        },
      },
      { parent: this, provider, dependsOn: [namespace] },
    );
  }

  private deployment(
    name: string,
    { image, version, replicas, provider }: TypeoArgs,
    after: readonly Resource[],
    environment: ReturnType<Typeo["environment"]>,
  ): Resource {
    const plan = { name: app, image: `${image}:${version}`, replicas, environment };
    return new Deployment(
      `${name}-deployment`,
      {
        metadata: { name: app, namespace: app, labels: appLabels(app) },
        spec: typeoDeployment(plan),
      },
      {
        parent: this,
        provider,
        dependsOn: [...after, ...(environment?.resource ? [environment.resource] : [])],
      },
    );
  }

  /** One pod at a time may be taken away; with a single replica, that one too: else a node could never be drained. */
  private budget(name: string, { provider }: TypeoArgs, namespace: Resource): void {
    new PodDisruptionBudget(
      `${name}-budget`,
      {
        metadata: { name: app, namespace: app, labels: appLabels(app) },
        spec: { maxUnavailable: 1, selector: appSelector(app) },
      },
      { parent: this, provider, dependsOn: [namespace] },
    );
  }

  private publication(args: TypeoArgs, after: Resource): readonly Publication[] {
    const { hostname, access, withoutAccess } = args;
    if (hostname === undefined) return [];
    return [
      {
        name: app,
        hostname,
        service: this.address,
        access,
        ...(withoutAccess === undefined ? {} : { withoutAccess }),
        after,
      },
    ];
  }
}
