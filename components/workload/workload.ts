import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1/podDisruptionBudget.js";
import type { CustomResourceOptions, Input, Resource } from "@pulumi/pulumi";
import { own, type Custody } from "./custody.ts";
import { makeNamespace } from "./namespace.ts";
import { workloadBudget, workloadDeployment, type Budget } from "./objects.ts";
import type { PodsPlan } from "./pods.ts";
import { appLabels, appSelector } from "./restricted.ts";
import {
  pullName,
  pullSecret,
  secretObjects,
  type MountedSecret,
  type Owner,
  type WorkloadSecret,
} from "./secrets.ts";

export interface WorkloadArgs extends Omit<PodsPlan, "fingerprint" | "pullSecret"> {
  readonly secret?: WorkloadSecret;
  /** Secrets that the pods mount; the container of `container` and `pod` names them. */
  readonly mounted?: readonly MountedSecret[];
  /** After what its pods run, besides all that is their own. */
  readonly after?: readonly Resource[];
  /** ConfigMap that the container reads files from, and what is in it by key. */
  readonly files?: {
    readonly name: string;
    readonly content: Readonly<Record<string, Input<string>>>;
  };
  /** File of logins by which the image is pulled, where it is private; secret. */
  readonly pull?: Input<string>;
  /** Port of a Service that leads to the container's port `http`; there is no Service without. */
  readonly port?: number;
  /** How many of its pods may be missing, or must be there, while nodes are drained. */
  readonly budget: Budget;
  /** In whose hands Deployment and budget are; the program's when left out. All else is the program's. */
  readonly custody?: Custody;
}

/**
 * Registers a workload in a namespace of its own, as children of `parent`, whose Kubernetes provider they take and with
 * which they wait: namespace, Secret with its fingerprint, ConfigMap, Secret of the image's login, Service, Deployment and
 * budget, named `${name}-namespace`, `${name}-ROLE`, `${name}-fingerprint`, `${name}-pull` and so on. Returns the
 * Deployment, which is ready once all its pods are; where that is in other hands, what leads to it.
 */
export function deployWorkload(name: string, args: WorkloadArgs, parent: Resource): Resource {
  const { app, custody = own } = args;
  const namespace = makeNamespace(`${name}-namespace`, { name: app }, { parent });
  const inside = { parent, dependsOn: [namespace] };
  const owner = { app, namespace: app };
  const { secret, mounted } = args;
  const all = secret === undefined ? [] : [secret];
  const secrets = secretObjects(name, { ...owner, all, mounted }, inside);
  const files =
    args.files &&
    new ConfigMap(
      `${name}-files`,
      {
        metadata: { name: args.files.name, namespace: app, labels: appLabels(app) },
        data: args.files.content,
      },
      inside,
    );
  const pull = args.pull === undefined ? undefined : pullSecret(name, owner, args.pull, inside);
  const service =
    args.port === undefined ? undefined : clusterService(name, owner, args.port, inside);
  const plan = {
    ...args,
    ...(pull === undefined ? {} : { pullSecret: pullName(app) }),
    fingerprint: secrets.fingerprint,
  };
  if (!custody.here) {
    custody.registered([namespace]);
    return service ?? namespace;
  }
  const object = { namespace: app, name: app };
  const budget = new PodDisruptionBudget(
    `${name}-budget`,
    workloadBudget(app, args.budget),
    custody.options({ kind: "PodDisruptionBudget", ...object }, inside),
  );
  const before = [
    ...[namespace, service, files, pull].filter((one) => one !== undefined),
    ...secrets.resources,
    ...(args.after ?? []),
  ];
  const deployment = new Deployment(
    `${name}-deployment`,
    workloadDeployment(plan),
    custody.options({ kind: "Deployment", ...object }, { parent, dependsOn: before }),
  );
  custody.registered([namespace, budget, deployment]);
  return deployment;
}

/** The Service of an application's pods, called like it. */
export function clusterService(
  name: string,
  { app, namespace }: Owner,
  port: number,
  inside: CustomResourceOptions,
): Resource {
  return new Service(
    `${name}-service`,
    {
      metadata: {
        ...{ name: app, namespace, labels: appLabels(app) },
        // The Deployment is waited for; the Service's own wait takes ten seconds even when all is well.
        annotations: { "pulumi.com/skipAwait": "true" },
      },
      spec: {
        selector: appSelector(app).matchLabels,
        ports: [{ name: "http", port, targetPort: "http" }],
      },
    },
    inside,
  );
}
