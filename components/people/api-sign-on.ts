import {
  ComponentResource,
  output,
  type ComponentResourceOptions,
  type Input,
  type Resource,
} from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { scriptText } from "../remote/shell.ts";
import { laterConfig, laterFile, type ApiSignOn } from "../rke2/authentication.ts";
import { rke2Script } from "../rke2/scripts.ts";

/** What tells an API server; see scripts/api-sign-on.sh. */
export const apiSignOnScript = rke2Script + scriptText(import.meta.url, "api-sign-on.sh");

export interface LaterSignOnArgs {
  readonly servers: readonly ReachedMachine[];
  /** The provider in the cluster. */
  readonly signOn: Input<ApiSignOn>;
  /** Whether the certificate of its name is of the site's own authority, which is in the cluster as well. */
  readonly ownAuthority: boolean;
  /** After what the provider answers by its name. */
  readonly after: readonly Resource[];
}

/**
 * Tells every API server of a provider in the cluster, without a restart. Ready means that each has fetched its keys, by the
 * provider's name and with a certificate that it trusts; where a machine does not find the name yet, that it will.
 */
export class LaterSignOn extends ComponentResource {
  constructor(name: string, args: LaterSignOnArgs, opts?: ComponentResourceOptions) {
    super("homelab:people:LaterSignOn", name, {}, opts);
    const { signOn, ownAuthority, after } = args;
    const parameters = {
      FILE: laterFile,
      CONFIG: output(signOn).apply((made) => laterConfig(made, ownAuthority)),
      HOST: output(signOn).apply(({ issuer }) => new URL(issuer).hostname),
    };
    for (const machine of args.servers)
      new RemoteStep(
        `${name}-${machine.name}`,
        {
          machine,
          title: "api-sign-on",
          script: apiSignOnScript,
          parameters,
          limitSeconds: 1200,
          after,
        },
        { parent: this },
      );
    this.registerOutputs({});
  }
}
