import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { scriptText } from "../remote/shell.ts";
import { rke2Script } from "../rke2/scripts.ts";
import { setParameters, type DefinitionSet } from "./definition-set.ts";

const applyScript = rke2Script + scriptText(import.meta.url, "apply.sh");

export interface DefinitionsArgs {
  readonly set: DefinitionSet;
  /** A server, where the cluster's administrator is; it downloads the files. */
  readonly machine: ReachedMachine;
  /** After what the cluster's API answers. Pods need not run yet. */
  readonly after: readonly Resource[];
}

/**
 * Custom resource definitions, and admission policies beside them, that the program owns: no chart brings them, so that a
 * chart's upgrade finds them raised and its removal leaves them. They are applied server-side by the manager `homelab`,
 * again when the set changes, and never deleted: with them would go every object of their kinds, whoever made it.
 */
export class Definitions extends ComponentResource {
  /** All are established and serve what the set says: their users depend on it. */
  readonly ready: Resource;

  constructor(name: string, args: DefinitionsArgs, opts?: ComponentResourceOptions) {
    super("homelab:definitions:Definitions", name, {}, opts);
    this.ready = new RemoteStep(
      `${name}-definitions`,
      {
        machine: args.machine,
        title: "definitions",
        script: applyScript,
        parameters: setParameters(args.set),
        limitSeconds: 1800,
        after: args.after,
      },
      { parent: this },
    ).done;
    this.registerOutputs({});
  }
}
