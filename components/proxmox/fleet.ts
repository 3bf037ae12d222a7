import { Pci } from "@muhlba91/pulumi-proxmoxve/hardware/mapping/pci.js";
import { PoolLegacy } from "@muhlba91/pulumi-proxmoxve/poolLegacy.js";
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  type Resource,
} from "@pulumi/pulumi";
import { CloudImage } from "./cloud-image.ts";
import { Machine } from "./machine.ts";
import type { MachinePlan, SitePlan } from "./types.ts";

export interface FleetMember extends MachinePlan {
  readonly generation: string;
  /** Whether its host does not answer now. */
  readonly offline: boolean;
}

export interface FleetArgs {
  readonly site: SitePlan;
  readonly machines: readonly FleetMember[];
  /** Public login key, one authorized_keys line. */
  readonly loginKey: Input<string>;
}

/** All machines of a site with what they share on Proxmox: the pool, PCI mappings, and an image per host in use. */
export class Fleet extends ComponentResource {
  /** The machines by name. */
  readonly machines: ReadonlyMap<string, Machine>;

  constructor(name: string, args: FleetArgs, opts?: ComponentResourceOptions) {
    super("homelab:proxmox:Fleet", name, {}, opts);
    const pool = new PoolLegacy(
      `${name}-pool`,
      { poolId: args.site.pool, comment: `Machines of the homelab stack ${args.site.name}` },
      { parent: this },
    );
    const mappings = this.mappings(name, args.site);
    const images = this.images(args);
    this.machines = new Map(
      args.machines.map((machine) => [
        machine.name,
        new Machine(
          machine.name,
          {
            site: args.site,
            machine,
            generation: machine.generation,
            offline: machine.offline,
            image: imageOf(images, machine.host).id,
            poolId: pool.poolId,
            loginKey: args.loginKey,
          },
          { parent: this, dependsOn: machine.pci.flatMap((pci) => mappings.get(pci) ?? []) },
        ),
      ]),
    );
    this.registerOutputs({});
  }

  private mappings(name: string, site: SitePlan): ReadonlyMap<string, Resource> {
    return new Map(
      site.pciMappings.map((mapping) => [
        mapping.name,
        new Pci(
          `${name}-pci-${mapping.name}`,
          {
            name: mapping.name,
            maps: mapping.devices.map(({ host, path, id, iommuGroup }) => ({
              node: host,
              path,
              id,
              iommuGroup,
            })),
          },
          { parent: this, replaceOnChanges: ["name"], deleteBeforeReplace: true },
        ),
      ]),
    );
  }

  private images(args: FleetArgs): ReadonlyMap<string, CloudImage> {
    const hosts = [...new Set(args.machines.map((machine) => machine.host))];
    return new Map(
      hosts.map((host) => [
        host,
        new CloudImage(
          `image-${host}`,
          { host, datastore: args.site.datastores.images, ...args.site.image },
          { parent: this },
        ),
      ]),
    );
  }
}

function imageOf(images: ReadonlyMap<string, CloudImage>, host: string): CloudImage {
  const image = images.get(host);
  if (image === undefined) throw new Error(`no cloud image is planned for host ${host}`);
  return image;
}
