import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1/podDisruptionBudget.js";
import {
  ComponentResource,
  output,
  type ComponentResourceOptions,
  type CustomResourceOptions,
  type Input,
  type Resource,
} from "@pulumi/pulumi";
import { dockerConfig } from "../image-pull.ts";
import { appLabels } from "../restricted.ts";
import {
  pullName,
  pullSecret,
  secretObjects,
  type MountedSecret,
  type SecretValues,
} from "../secrets.ts";
import { clusterService } from "../workload.ts";
import { balancerService, filesMark, type BalancerPlan } from "./objects.ts";
import type { StatefulPlan } from "./plan.ts";
import { patience, statefulDeployment } from "./pods.ts";
import { workloadBudget } from "../objects.ts";

export interface StatefulArgs {
  /** What it is called as a type, such as `HomeAssistant`. It is part of its resources' URNs: another one replaces them. */
  readonly title: string;
  /** What runs; Secrets and ConfigMaps are named by what is below. */
  readonly plan: Omit<StatefulPlan, "seed" | "files" | "mounted">;
  /** Port of its Service, which leads to the port `http` of its pod. */
  readonly port: number;
  /** Address outside of the cluster by which some of its ports are reached, past the gateways. */
  readonly balancer?: BalancerPlan;
  /** Image without tag, and who pulls it where it is private; the password is treated as secret. */
  readonly pull?:
    | { readonly image: string; readonly username: string; readonly password: Input<string> }
    | undefined;
  /** Secrets by their name's last part, whose values are environment; the plan's containers name them. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, Input<string>>>>>;
  /** Secrets that are folders of its container. */
  readonly mounted?: readonly MountedSecret[];
  /** Files that a volume gets before the first start, by name. */
  readonly seed?: {
    readonly volume: string;
    /** Folder of the volume, if not its first. */
    readonly folder?: string;
    readonly files: Readonly<Record<string, string>>;
  };
  /** Files of a folder of its container, by name. */
  readonly files?: { readonly folder: string; readonly content: Readonly<Record<string, string>> };
  /** After what its pod runs: its namespace and its volumes, and the stores that it logs in to. */
  readonly after: readonly Resource[];
  /** DNS domain of the cluster's services. */
  readonly clusterDomain: string;
}

/** Name of a Secret with environment of an application. */
export const settingsName = (app: string, role: string): string => `${app}-${role}`;

/**
 * An application of one pod that keeps data, in a namespace and on volumes that were made before it and stay when it goes.
 * Ready once its pod is. The cluster's provider is that of `opts.providers`.
 */
export class StatefulApplication extends ComponentResource {
  /** Address inside the cluster. */
  readonly address: string;
  readonly ready: Resource;

  constructor(name: string, args: StatefulArgs, opts?: ComponentResourceOptions) {
    super(`homelab:apps:${args.title}`, name, {}, opts);
    const { namespace } = args.plan;
    this.address = `http://${name}.${namespace}.svc.${args.clusterDomain}:${args.port}`;
    const inside = { parent: this, dependsOn: [...args.after] };
    const secrets = this.secrets(name, args, inside);
    const pull = this.pull(name, args, inside);
    const maps = [this.seed(name, args, inside), this.files(name, args, inside)];
    const services = this.services(name, args, inside);
    this.budget(name, args, inside);
    const before = [...secrets.resources, ...services, pull, ...maps];
    this.ready = this.deployment(name, args, secrets, {
      parent: this,
      dependsOn: [...args.after, ...before.filter((one) => one !== undefined)],
    });
    this.registerOutputs({ address: this.address });
  }

  private secrets(name: string, args: StatefulArgs, inside: CustomResourceOptions) {
    const { plan, settings, mounted } = args;
    const owner = { app: name, namespace: plan.namespace };
    const all: SecretValues = {
      all: Object.entries(settings).map(([role, values]) => ({
        ...{ name: settingsName(name, role), role, values },
      })),
      mounted,
    };
    return secretObjects(name, { ...owner, ...all }, inside);
  }

  private pull(name: string, { plan, pull }: StatefulArgs, inside: CustomResourceOptions) {
    if (pull === undefined) return undefined;
    const { image, username } = pull;
    const config = output(pull.password).apply((password) =>
      dockerConfig(image, { username, password }),
    );
    return pullSecret(name, { app: name, namespace: plan.namespace }, config, inside);
  }

  private seed(name: string, { plan, seed }: StatefulArgs, inside: CustomResourceOptions) {
    if (seed === undefined) return undefined;
    return configMap(`${name}-seed`, name, plan.namespace, seed.files, inside);
  }

  private files(name: string, { plan, files }: StatefulArgs, inside: CustomResourceOptions) {
    if (files === undefined) return undefined;
    return configMap(`${name}-files`, name, plan.namespace, files.content, inside);
  }

  private services(
    name: string,
    { plan: { namespace }, port, balancer }: StatefulArgs,
    inside: CustomResourceOptions,
  ): readonly Resource[] {
    const owner = { app: name, namespace };
    return [
      clusterService(name, owner, port, inside),
      ...(balancer === undefined
        ? []
        : [new Service(`${name}-balancer`, balancerService(owner, balancer), inside)]),
    ];
  }

  /** One pod, which a drain may take: else no node could be emptied. */
  private budget(name: string, { plan }: StatefulArgs, inside: CustomResourceOptions): void {
    const budget = workloadBudget(name, { maxUnavailable: 1 }, plan.namespace);
    new PodDisruptionBudget(`${name}-budget`, budget, inside);
  }

  private deployment(
    name: string,
    { plan, seed, files, mounted, pull }: StatefulArgs,
    { fingerprint }: ReturnType<typeof secretObjects>,
    opts: CustomResourceOptions,
  ): Resource {
    const whole: StatefulPlan = {
      ...plan,
      ...(seed === undefined
        ? {}
        : { seed: { from: `${name}-seed`, volume: seed.volume, folder: seed.folder } }),
      ...(files === undefined
        ? {}
        : {
            files: {
              ...{ from: `${name}-files`, folder: files.folder, mark: filesMark(files.content) },
            },
          }),
      ...(mounted === undefined ? {} : { mounted }),
    };
    const deployment = statefulDeployment(whole, {
      ...(fingerprint === undefined ? {} : { fingerprint }),
      ...(pull === undefined ? {} : { pullSecret: pullName(name) }),
    });
    const wait = `${patience}s`;
    return new Deployment(`${name}-deployment`, deployment, {
      ...opts,
      customTimeouts: { create: wait, update: wait },
    });
  }
}

function configMap(
  called: string,
  app: string,
  namespace: string,
  data: Readonly<Record<string, string>>,
  opts: CustomResourceOptions,
): ConfigMap {
  const metadata = { name: called, namespace, labels: appLabels(app) };
  return new ConfigMap(called, { metadata, data }, opts);
}
