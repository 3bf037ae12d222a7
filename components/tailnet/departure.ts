import type { Input, Resource, ResourceHook } from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { tailnetScripts } from "./scripts.ts";
import { apiBaseUrl } from "./tailscale-api.ts";
import type { TailscaleAccess } from "./tailscale-types.ts";
import { allTags } from "./tags.ts";

/** The tailnet's policy before this stack, as this stack wrote it, and what is left of that without this site. */
export interface PolicyHistory {
  /** Empty when it was Tailscale's default. */
  readonly before: Input<string>;
  readonly written: string;
  readonly without: string;
  /** The other sites that it provides for. */
  readonly others: readonly string[];
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
 * What is done when the site is destroyed, however that is run: the policy becomes what it was, or loses this site's parts
 * while others' tagged devices live by it, and every device of this site leaves the tailnet. Returns the command, on which
 * everything depends that must be gone before.
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
        POLICY_WITHOUT: policy?.without ?? "",
        OTHER_TAGS: (policy?.others ?? []).flatMap(allTags).join(" "),
      },
      limitSeconds: 300,
      runs: "at-delete",
      hooks: args.hooks,
      after: args.after,
    },
    { parent },
  ).done;
}
