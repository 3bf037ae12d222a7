import {
  ComponentResource,
  output,
  type ComponentResourceOptions,
  type Input,
  type Resource,
} from "@pulumi/pulumi";
import type { Custody } from "./custody.ts";
import { dockerConfig } from "./image-pull.ts";
import { workloadBudget, workloadDeployment, type Budget, type PlainObject } from "./objects.ts";
import type { MountedSecret } from "./secrets.ts";
import { webPods, webPort, type WebShape } from "./web.ts";
import { deployWorkload } from "./workload.ts";

/** What an application runs, as anybody may know it. */
export interface ApplicationPlan {
  /** What it asks of its pods besides the defaults. */
  readonly shape?: WebShape;
  /** Image without its tag, and the tag. */
  readonly image: string;
  readonly version: string;
  readonly replicas: number;
  /** Environment of the application that anybody may see. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Folder of its pods that the ConfigMap of its files fills. */
  readonly folder?: string;
  /** Devices of machines that each of its pods gets, by name. */
  readonly devices?: readonly string[];
}

export interface ApplicationArgs extends ApplicationPlan {
  /** What it is called as a type, such as `Typeo`. It is part of its resources' URNs: another one replaces them all. */
  readonly title: string;
  /** Who pulls the image, where it is private; the password is treated as secret. */
  readonly pull?: { readonly username: string; readonly password: Input<string> };
  /** The rest of its environment; every value is treated as secret. */
  readonly settings: Readonly<Record<string, Input<string>>>;
  /** Secrets that are folders of its pods. */
  readonly mounted?: readonly MountedSecret[];
  /** After what its pods run. */
  readonly after?: readonly Resource[];
  /** Files of `folder`, by name. */
  readonly files?: Readonly<Record<string, Input<string>>>;
  /** DNS domain of the cluster's services. */
  readonly clusterDomain: string;
  /** In whose hands what runs is; the program's when left out. */
  readonly custody?: Custody;
}

/** With a single replica that one too may be missing: else a node could never be drained. */
const applicationBudget: Budget = { maxUnavailable: 1 };

/** ConfigMap with an application's files. */
const filesName = (name: string): string => `${name}-files`;

/** The pods of an application; `settings` is the Secret with the rest of its environment. */
function applicationPods(
  name: string,
  { image, version, replicas, environment, folder, devices, shape }: ApplicationPlan,
  settings?: string,
  mounted?: readonly MountedSecret[],
) {
  const files = folder === undefined ? undefined : { folder, from: filesName(name) };
  const web = webPods({
    ...shape,
    image: `${image}:${version}`,
    environment,
    settings,
    files,
    mounted,
    devices,
  });
  return { app: name, replicas, ...web };
}

/** What may be handed over of an application without secrets: its Deployment and its budget. */
export function applicationObjects(name: string, plan: ApplicationPlan): readonly PlainObject[] {
  return [
    {
      ...{ apiVersion: "apps/v1", kind: "Deployment" },
      ...workloadDeployment(applicationPods(name, plan)),
    },
    {
      ...{ apiVersion: "policy/v1", kind: "PodDisruptionBudget" },
      ...workloadBudget(name, applicationBudget),
    },
  ];
}

/**
 * A web application in a namespace of its own; `name` is that of its objects too. Ready once all its pods are. The
 * cluster's provider is that of `opts.providers`, and `opts.dependsOn` says after what pods run.
 */
export class Application extends ComponentResource {
  /** Address inside the cluster. */
  readonly address: string;
  /** All of its pods are ready, and its Service is there; the latter alone where the pods are in other hands. */
  readonly ready: Resource;

  constructor(name: string, args: ApplicationArgs, opts?: ComponentResourceOptions) {
    super(`homelab:apps:${args.title}`, name, {}, opts);
    const port = args.shape?.port ?? webPort;
    this.address = `http://${name}.${name}.svc.${args.clusterDomain}:${port}`;
    this.ready = this.deployment(name, args, port);
    this.registerOutputs({ address: this.address });
  }

  private deployment(name: string, args: ApplicationArgs, port: number): Resource {
    const { image, pull, settings, mounted, after, files, custody } = args;
    const secret =
      Object.keys(settings).length === 0
        ? undefined
        : { name: `${name}-settings`, role: "settings", values: settings };
    return deployWorkload(
      name,
      {
        ...applicationPods(name, args, secret?.name, mounted),
        ...{ secret, mounted, after },
        files: files && { name: filesName(name), content: files },
        pull:
          pull &&
          output(pull.password).apply((password) => dockerConfig(image, { ...pull, password })),
        port,
        budget: applicationBudget,
        ...(custody === undefined ? {} : { custody }),
      },
      this,
    );
  }
}
