import type { Provider as Proxmox } from "@muhlba91/pulumi-proxmoxve/provider.js";
import type { Machine, MachineSpec } from "../components/machine.ts";
import { readInventory } from "../components/proxmox/inventory.ts";
import type { Site } from "./open-site.ts";
import { checkMachines, freshGeneration } from "./parts/machines/look.ts";
import { proxmoxProvider } from "./parts/proxmox/provider.ts";
import { findTailnet, type AskPolicy, type TailnetFound } from "./parts/tailnet/look.ts";

/** The world as it was found. */
export interface Found {
  readonly proxmox: Proxmox;
  /** The site's machines, in the config's order. */
  readonly machines: readonly (MachineSpec & Machine)[];
  /** Undefined for a site without a tailnet. */
  readonly tailnet: TailnetFound | undefined;
}

/** What tests answer in the world's place. */
export interface World {
  /** Names a machine's new generation. */
  readonly fresh?: () => string;
  readonly askPolicy?: AskPolicy;
}

/**
 * Asks the world what must be known before anything is registered: which machines Proxmox has, and the tailnet's policy.
 * Throws when one of them does not answer, or when what was found stands against the site.
 */
export async function lookAround(site: Site, world: World = {}): Promise<Found> {
  const proxmox = proxmoxProvider(site);
  const [inventory, tailnet] = await Promise.all([
    readInventory(proxmox, site.config.proxmox.endpoint),
    findTailnet(site, world.askPolicy),
  ]);
  const machines = checkMachines(site, inventory, world.fresh ?? freshGeneration);
  return { proxmox, machines, tailnet };
}
