import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { scriptText } from "../remote/shell.ts";
import { rke2Script } from "../rke2/scripts.ts";

/** Waits until the operator has made an item's Secret, with all keys. */
export const itemReadyScript = rke2Script + scriptText(import.meta.url, "item-ready.sh");

/** An item of 1Password as a Secret of the cluster. */
export interface ItemPlan {
  /** Name of the OnePasswordItem and of its Secret. */
  readonly name: string;
  readonly namespace: string;
  /** Title or id of the vault and of the item. */
  readonly vault: string;
  readonly item: string;
  /** Keys that the Secret's consumers read. */
  readonly keys: readonly string[];
  /** Type of the Secret; `Opaque` when left out. */
  readonly type?: string;
}

/** What the operator reads of it: https://developer.1password.com/docs/k8s/operator/. */
export function itemPath({ vault, item }: Pick<ItemPlan, "vault" | "item">): string {
  return `vaults/${vault}/items/${item}`;
}

export interface OnePasswordItemArgs extends ItemPlan {
  /** `itemPath` by the ids of both, where they are known: the Secret says of which item it is by these. */
  readonly found?: string;
  /** A server, where the cluster is asked. */
  readonly server: ReachedMachine;
  /** Operator and namespace; recorded on the item itself, which is deleted while both are there. */
  readonly after: readonly Resource[];
}

/**
 * A Secret that the operator keeps as the item is. Ready once the
 * Secret has all keys: the operator says so of itself even where it has left some out.
 */
export class OnePasswordItem extends ComponentResource {
  /** The step that saw all keys in the Secret: consumers depend on it. */
  readonly ready: Resource;

  constructor(name: string, args: OnePasswordItemArgs, opts?: ComponentResourceOptions) {
    super("homelab:secrets:OnePasswordItem", name, {}, opts);
    this.ready = this.waitForKeys(name, args, this.item(name, args));
    this.registerOutputs({});
  }

  private item(name: string, args: OnePasswordItemArgs): Resource {
    const { name: itemName, namespace, type } = args;
    return new CustomResource(
      `${name}-item`,
      {
        apiVersion: "onepassword.com/v1",
        kind: "OnePasswordItem",
        metadata: { name: itemName, namespace },
        // Outside of the spec, as the definition has it.
        ...(type === undefined ? {} : { type }),
        spec: { itemPath: itemPath(args) },
      },
      // A Secret's type cannot change, and the operator refuses to make the Secret anew.
      {
        parent: this,
        dependsOn: [...args.after],
        replaceOnChanges: ["type"],
        deleteBeforeReplace: true,
      },
    );
  }

  private waitForKeys(name: string, args: OnePasswordItemArgs, item: Resource): Resource {
    return new RemoteStep(
      `${name}-ready`,
      {
        machine: args.server,
        title: "item-ready",
        script: itemReadyScript,
        parameters: {
          NAMESPACE: args.namespace,
          ITEM: args.name,
          TITLE: `item "${args.item}" of vault "${args.vault}"`,
          FOUND: args.found ?? "",
          KEYS: [...args.keys].sort().join(" "),
          TYPE: args.type ?? "Opaque",
        },
        limitSeconds: 360,
        after: [item],
      },
      { parent: this },
    ).done;
  }
}
