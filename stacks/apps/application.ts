import type { Input, Resource } from "@pulumi/pulumi";
import { z } from "zod";
import type { Problem } from "../../components/problem.ts";
import type { Secrets } from "../../components/security/secrets.ts";
import type { Owner } from "../../components/storage/claim.ts";
import {
  Application as Deployed,
  applicationObjects,
} from "../../components/workload/application.ts";
import type { Custody } from "../../components/workload/custody.ts";
import type { PodSecurity } from "../../components/workload/namespace.ts";
import type { PlainObject } from "../../components/workload/objects.ts";
import type { RunningCluster } from "../../components/workload/running-cluster.ts";
import type { BalancerPlan } from "../../components/workload/stateful/objects.ts";
import { webPort, type WebShape } from "../../components/workload/web.ts";
import { gitops, type Gitops } from "../config/gitops.ts";
import type { SiteFile } from "../open-site.ts";
import { toldOf, type SiteLogins } from "../logins/told.ts";
import type { Egress } from "../parts/policies/schema.ts";
import type { SiteConfig } from "../schema.ts";
import type { Audience } from "./expose-schema.ts";
import { exposure, image, running, variables, variablesOnce, type Exposure } from "./schema.ts";
import type { SiteView } from "./site-view.ts";

export type { Exposure } from "./schema.ts";

/** What an application is deployed with besides its config. */
export interface Surroundings extends RunningCluster {
  /** The site that it is part of. */
  readonly site: SiteFile;
  readonly secrets: Secrets;
  /** DNS domain of the cluster's services. */
  readonly clusterDomain: string;
  /** Of the site's stores. */
  readonly logins: SiteLogins;
  /** In whose hands it is. */
  readonly custody: Custody;
  /** The namespaces with volumes, and the volumes: what is to be there before pods of a namespace are. */
  readonly data: (namespace: string) => readonly Resource[] | undefined;
  /** What hands devices to pods, where the site has it. */
  readonly devices: Resource | undefined;
}

/** What an application's pods come after for its devices. */
export function afterDevices(
  { devices }: Pick<Exposure, "devices">,
  { devices: handed }: Pick<Surroundings, "devices">,
): readonly Resource[] {
  return handed === undefined || devices.length === 0 ? [] : [handed];
}

/** An application that was deployed. */
export interface Running {
  /** Address inside the cluster: `http://NAME.NAMESPACE.svc.DOMAIN:PORT`. */
  readonly address: string;
  /** All of its pods are ready; its Service is there. */
  readonly ready: Resource;
}

/** An application: how its config reads, and what it makes of it. */
export interface Application<Config extends z.ZodType<Exposure> = z.ZodType<Exposure>> {
  readonly config: Config;
  /** Port of its pods, where its public name and other applications lead. */
  readonly port: number;
  /** Whom its names may be for; anybody when left out. */
  readonly audiences?: readonly Audience[];
  /** Deploys it under its key in the config, which is the name of its namespace and of its Service too. */
  deploy(name: string, config: z.infer<Config>, surroundings: Surroundings): Running;
  /** What of it can be handed over to Argo CD; all of it is the program's for ever where this is left out. */
  gitops?(name: string, config: z.infer<Config>): Handable;
  /** Library whose namespace it is in; its own is called like it without. */
  readonly library?: string;
  /** What of it outlives it, and what that needs; nothing where this is left out. */
  kept?(name: string, config: z.infer<Config>, site: SiteConfig): Kept;
  /** What its pods hold of devices. */
  holds(name: string, config: z.infer<Config>, site: SiteView): Held;
  /** What of its config does not fit the rest of the site's. */
  checks?(name: string, config: z.infer<Config>, site: SiteConfig): readonly Problem[];
  /** What people read of it in each run. */
  notices?(name: string, config: z.infer<Config>, site: SiteConfig): readonly string[];
}

/** Devices that the pods of an application hold. */
export interface Held {
  /** How many pods there are at a time, while it is rolled out too. */
  readonly pods: number;
  /** Names of devices that a pod has, one for each of its containers that has it. */
  readonly devices: readonly string[];
}

/** An application that keeps data, as its namespace, its policies and its volumes are made of it. */
export interface Kept {
  /** The strictest profile that admits its pod. */
  readonly level: PodSecurity;
  /** Why it is not stricter, as annotations. */
  readonly exceptions: Readonly<Record<string, string>>;
  /** Whether its pod is on its node's own network. */
  readonly onHost: boolean;
  /** Tag of its image, perhaps with its digest. */
  readonly version: string;
  /** What is to be known of steps from one version to another. */
  readonly traps: readonly Trap[];
  readonly volumes: readonly KeptVolume[];
  /** What it may reach besides what its config says. */
  readonly egress: Egress;
  /** Where it is reached past the gateways. */
  readonly balancer: BalancerPlan | undefined;
}

/** What is to be known before an application goes from an older version to one of these. */
export interface Trap {
  /** The first version that it is about: `3.0.0`. */
  readonly from: string;
  /** What is so from then on, and what to do first. */
  readonly says: string;
}

/** A volume of an application, as its config has it. */
export interface KeptVolume {
  /** What the recipe calls it. */
  readonly volume: string;
  readonly claim: string;
  readonly sizeGiB: number;
  /** Class of storage, where the config names one. */
  readonly class: string | undefined;
  readonly shared: boolean;
  readonly backup: boolean;
  readonly owner: Owner;
}

/** What can be handed over, and whether it is. */
export interface Handable {
  readonly gitops: Gitops;
  readonly objects: readonly PlainObject[];
  /** Keys of the config, below its own, by which it needs secrets: a repository must hold none. */
  readonly secrets: readonly string[];
}

const webConfig = (replicas: number) => ({
  image,
  ...running,
  ...exposure,
  gitops,
  replicas: z.int().min(1).max(8).default(replicas).describe("Pods"),
  ...variables,
});

/** What makes a web application that keeps nothing on its disk. */
export interface WebApplication {
  /** What it is called as a type, such as `Typeo`; part of its resources' URNs. */
  readonly title: string;
  /** What it is, in a line for people. */
  readonly about: string;
  /** What it asks of its pods besides the defaults. */
  readonly shape?: WebShape;
  /** How many pods it has unless the site says otherwise; 2. One that keeps something in memory has 1. */
  readonly replicas?: number;
  /** Whom its names may be for; anybody when left out. */
  readonly audiences?: readonly Audience[];
  /** Files of a folder of its pods, which the program writes. */
  readonly files?: {
    readonly folder: string;
    readonly content: (
      name: string,
      surroundings: Surroundings,
    ) => Readonly<Record<string, Input<string>>>;
  };
}

/** A web application: image, replicas, public name, and settings from secrets. */
export function webApplication({
  title,
  about,
  shape,
  replicas = 2,
  audiences,
  files,
}: WebApplication) {
  const config = z.strictObject(webConfig(replicas)).superRefine(variablesOnce).describe(about);
  return {
    config,
    port: shape?.port ?? webPort,
    ...(audiences === undefined ? {} : { audiences }),
    deploy(name, config, surroundings) {
      const { settings, pull, image, version, replicas, environment, logins, devices } = config;
      const { secrets, clusterDomain, custody, ready, kubernetes } = surroundings;
      const values = Object.fromEntries(
        Object.entries(settings).map(([name, ref]) => [name, secrets.get(ref)]),
      );
      const told = toldOf(logins, surroundings.logins);
      const after = [...told.after, ...afterDevices(config, surroundings)];
      return new Deployed(
        name,
        {
          ...{ title, shape, image, version, replicas, environment, devices },
          ...{ clusterDomain, custody },
          settings: { ...values, ...told.settings },
          ...(told.mounted.length === 0 ? {} : { mounted: told.mounted }),
          ...(after.length === 0 ? {} : { after }),
          ...(files === undefined
            ? {}
            : { folder: files.folder, files: files.content(name, surroundings) }),
          pull: pull && { ...pull, password: secrets.get(pull.password) },
        },
        { providers: [kubernetes], dependsOn: [ready] },
      );
    },
    // A new pod is ready before an old one leaves.
    holds: (name, { devices, replicas }): Held => ({ pods: replicas + 1, devices }),
    gitops: (
      name,
      { gitops, settings, pull, logins, image, version, replicas, environment, devices },
    ) => ({
      gitops,
      objects: applicationObjects(name, {
        ...{ shape, image, version, replicas, environment, devices },
        folder: files?.folder,
      }),
      secrets: [
        ...Object.keys(settings).map((variable) => `settings.${variable}`),
        ...(pull === undefined ? [] : ["pull"]),
        ...(logins.length === 0 ? [] : ["logins"]),
      ],
    }),
  } satisfies Application<typeof config>;
}
