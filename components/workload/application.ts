import {
  ComponentResource,
  output,
  type ComponentResourceOptions,
  type Input,
  type Resource,
} from "@pulumi/pulumi";
import { dockerConfig } from "./image-pull.ts";
import { webPods, webPort, type WebShape } from "./web.ts";
import { deployWorkload } from "./workload.ts";

export interface ApplicationArgs {
  /** What it is called as a type, such as `Typeo`. It is part of its resources' URNs: another one replaces them all. */
  readonly title: string;
  /** What it asks of its pods besides the defaults. */
  readonly shape?: WebShape;
  /** Image without its tag, and the tag. */
  readonly image: string;
  readonly version: string;
  /** Who pulls the image, where it is private; the password is treated as secret. */
  readonly pull?: { readonly username: string; readonly password: Input<string> };
  readonly replicas: number;
  /** Environment of the application that anybody may see. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The rest of its environment; every value is treated as secret. */
  readonly settings: Readonly<Record<string, Input<string>>>;
  /** DNS domain of the cluster's services. */
  readonly clusterDomain: string;
}

/**
 * A web application in a namespace of its own; `name` is that of its objects too. Ready once all its pods are. The
 * cluster's provider is that of `opts.providers`, and `opts.dependsOn` says after what pods run.
 */
export class Application extends ComponentResource {
  /** Address inside the cluster. */
  readonly address: string;
  /** All of its pods are ready, and its Service is there. */
  readonly ready: Resource;

  constructor(name: string, args: ApplicationArgs, opts?: ComponentResourceOptions) {
    super(`homelab:apps:${args.title}`, name, {}, opts);
    const port = args.shape?.port ?? webPort;
    this.address = `http://${name}.${name}.svc.${args.clusterDomain}:${port}`;
    this.ready = this.deployment(name, args, port);
    this.registerOutputs({ address: this.address });
  }

  private deployment(name: string, args: ApplicationArgs, port: number): Resource {
    const { image, version, pull, replicas, environment, settings, shape } = args;
    const secret =
      Object.keys(settings).length === 0
        ? undefined
        : { name: `${name}-settings`, role: "settings", values: settings };
    return deployWorkload(
      name,
      {
        app: name,
        replicas,
        ...webPods({
          ...{ ...shape, image: `${image}:${version}` },
          ...{ environment, settings: secret?.name },
        }),
        secret,
        pull:
          pull &&
          output(pull.password).apply((password) => dockerConfig(image, { ...pull, password })),
        port,
        // With a single replica that one too: else a node could never be drained.
        budget: { maxUnavailable: 1 },
      },
      this,
    );
  }
}
