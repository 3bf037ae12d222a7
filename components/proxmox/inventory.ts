import { getNodesLegacy } from "@muhlba91/pulumi-proxmoxve/getNodesLegacy.js";
import { getVmsLegacy } from "@muhlba91/pulumi-proxmoxve/getVmsLegacy.js";
import type { Provider } from "@muhlba91/pulumi-proxmoxve/provider.js";
import { RunError } from "@pulumi/pulumi";
import type { ExistingMachine } from "./conflicts.ts";

/** What a Proxmox cluster has right now. */
export interface Inventory {
  readonly machines: readonly ExistingMachine[];
  /** Nodes that do not answer; their machines are missing above. */
  readonly offline: readonly string[];
}

/**
 * Asks the Proxmox cluster for its nodes and machines. Throws a RunError when it does not answer: what cannot be looked
 * at must not be changed. `endpoint` is only for that message.
 */
export async function readInventory(provider: Provider, endpoint: string): Promise<Inventory> {
  try {
    return await ask(provider);
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).replace(
      /^invocation of .*?: (?=\d+ error)/s,
      "",
    );
    throw new RunError(
      `Proxmox at ${endpoint} does not say which machines exist, so nothing was changed: ${reason.trim()}\n` +
        "Check the address, the token (PROXMOX_VE_API_TOKEN) and its rights (docs/proxmox.md).",
    );
  }
}

async function ask(provider: Provider): Promise<Inventory> {
  const [nodes, listed] = await Promise.all([
    getNodesLegacy({ provider }),
    getVmsLegacy({}, { provider }),
  ]);
  return {
    machines: listed.vms.map((vm) => ({
      vmId: vm.vmId,
      name: vm.name,
      host: vm.nodeName,
      tags: vm.tags,
    })),
    offline: nodes.names.filter((_, i) => nodes.onlines[i] === false),
  };
}
