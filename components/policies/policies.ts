import { createHash } from "node:crypto";
import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { scriptText } from "../remote/shell.ts";
import { rke2Script } from "../rke2/scripts.ts";
import { networkPolicies, type Policy, type PolicyPlan } from "./rules.ts";

const validScript = rke2Script + scriptText(import.meta.url, "policies-valid.sh");

export interface NetworkPoliciesArgs extends PolicyPlan {
  /** A server, where the cluster's state is read. */
  readonly server: ReachedMachine;
  /** The step after which Cilium takes policies. */
  readonly after: Resource;
}

/**
 * Who may talk to whom in the cluster. Everything that runs there depends on `valid`, so that no pod runs before its policy,
 * and no policy goes before its pods. The cluster's provider is that of `opts.providers`.
 */
export class NetworkPolicies extends ComponentResource {
  /** The step that saw Cilium accept every policy. */
  readonly valid: Resource;

  constructor(name: string, args: NetworkPoliciesArgs, opts?: ComponentResourceOptions) {
    super("homelab:policies:NetworkPolicies", name, {}, opts);
    const policies = networkPolicies(args);
    const made = policies.map((policy) => this.policy(policy, args.after));
    this.valid = this.waitUntilValid(name, args, policies, made);
    this.registerOutputs({});
  }

  private policy({ name, specs }: Policy, after: Resource): Resource {
    return new CustomResource(
      `policy-${name}`,
      {
        apiVersion: "cilium.io/v2",
        kind: "CiliumClusterwideNetworkPolicy",
        metadata: { name },
        specs,
      },
      { parent: this, dependsOn: [after] },
    );
  }

  /** Cilium's operator judges a policy after the API has taken it; what it finds invalid no agent enforces. */
  private waitUntilValid(
    name: string,
    { server }: NetworkPoliciesArgs,
    policies: readonly Policy[],
    made: readonly Resource[],
  ): Resource {
    return new RemoteStep(
      `${name}-policies`,
      {
        machine: server,
        title: "policies-valid",
        script: validScript,
        parameters: {
          POLICIES: policies.map((policy) => policy.name).join(" "),
          // Not read: policies that have changed are looked at once more.
          DIGEST: createHash("sha256").update(JSON.stringify(policies)).digest("hex"),
        },
        limitSeconds: 300,
        after: made,
      },
      { parent: this },
    ).done;
  }
}
