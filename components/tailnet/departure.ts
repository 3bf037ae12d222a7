import type { Input, Resource, ResourceHook } from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { tailnetScripts } from "./scripts.ts";
import { apiBaseUrl } from "./tailscale-api.ts";
import type { TailscaleAccess } from "./tailscale-types.ts";
import { allTags } from "./tags.ts";

/** The tailnet's policy before this stack and as this stack wrote it. */
export interface PolicyHistory {
  /** Empty when it was Tailscale's default. */
  readonly before: Input<string>;
  readonly written: Input<string>;
}

export interface DepartureArgs {
  readonly site: string;
  /** A machine that asks the API when the site is destroyed; Pulumi runs neither program nor hooks then. */
  readonly machine: ReachedMachine;
  /** Names of all machines; when one leaves, the step is told and its hooks run. */
  readonly machines: readonly string[];
  readonly access: TailscaleAccess;
  /** Only of the policy's owner. */
  readonly policy?: PolicyHistory;
  readonly hooks: readonly ResourceHook[];
  readonly after: readonly Resource[];
}

/**
 * What is done when the site is destroyed, however that is run: every device of this site leaves the tailnet, and the
 * policy becomes what it was. Returns the command, on which everything depends that must be gone before.
 */
export function departure(name: string, args: DepartureArgs, parent: Resource): Resource {
  const { access, policy } = args;
  return new RemoteStep(
    `${name}-departure`,
    {
      machine: args.machine,
      title: "departure",
      script: tailnetScripts.depart,
      parameters: {
        API: `${(access.baseUrl ?? apiBaseUrl()).replace(/\/+$/, "")}/api/v2`,
        TAILNET: access.tailnet,
        CLIENT_ID: access.clientId,
        CLIENT_SECRET: access.clientSecret,
        TAGS: allTags(args.site).join(" "),
        MACHINES: args.machines.join(" "),
        OWNS_POLICY: policy === undefined ? "no" : "yes",
        POLICY_BEFORE: policy?.before ?? "",
        POLICY_WRITTEN: policy?.written ?? "",
      },
      limitSeconds: 300,
      runs: "at-delete",
      hooks: args.hooks,
      after: args.after,
    },
    { parent },
  ).done;
}
