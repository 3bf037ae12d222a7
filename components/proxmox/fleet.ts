import { Pci } from "@muhlba91/pulumi-proxmoxve/hardware/mapping/pci.js";
import { Usb } from "@muhlba91/pulumi-proxmoxve/hardware/mapping/usb.js";
import { PoolLegacy } from "@muhlba91/pulumi-proxmoxve/poolLegacy.js";
import {
  ComponentResource,
  log,
  type ComponentResourceOptions,
  type Input,
  type Resource,
} from "@pulumi/pulumi";
import type {
  Datastores,
  Machine,
  MachineSpec,
  PlannedMachine,
  ReachedMachine,
} from "../machine.ts";
import { bootSeconds } from "../remote/remote-step.ts";
import { hookRun, valueOf } from "../remote/ssh-login.ts";
import { waitForSsh } from "../remote/ssh-wait.ts";
import { RollingRestart } from "../rke2/rolling-restart.ts";
import { CloudImage } from "./cloud-image.ts";
import type { Power } from "./power.ts";
import type { SitePlan } from "./types.ts";
import { VirtualMachine } from "./virtual-machine.ts";

export interface FleetArgs {
  readonly site: SitePlan;
  readonly machines: readonly PlannedMachine[];
  /** Datastores whose content all hosts share. */
  readonly sharedDatastores: ReadonlySet<string>;
  /** The site's login key: public half as one authorized_keys line, private half in OpenSSH PEM form. */
  readonly login: { readonly publicKey: Input<string>; readonly privateKey: Input<string> };
  readonly power: Power;
  /** Whether the site's cluster has begun. */
  readonly founded: boolean;
}

/** All machines of a site with what they share on Proxmox: the pool, mappings of devices, and an image per host in use. */
export class Fleet extends ComponentResource {
  /** The machines in the order of the arguments. */
  readonly machines: readonly (MachineSpec & ReachedMachine)[];

  constructor(name: string, args: FleetArgs, opts?: ComponentResourceOptions) {
    super("homelab:proxmox:Fleet", name, {}, opts);
    const pool = new PoolLegacy(
      `${name}-pool`,
      { poolId: args.site.pool, comment: `Machines of the homelab stack ${args.site.name}` },
      { parent: this },
    );
    const devices = this.mappings(name, args.site);
    const images = this.images(args);
    const restarts = this.restarts(args);
    this.machines = args.machines.map((machine, index) => {
      const { vm, hostKey } = new VirtualMachine(
        machine.name,
        {
          site: args.site,
          machine,
          startOrder: startOrder(machine, index),
          image: imageOf(images, imagePlace(args, machine)).id,
          poolId: pool.poolId,
          loginKey: args.login.publicKey,
          restarts,
        },
        { parent: this, dependsOn: [...devices(machine)] },
      );
      return { ...machine, privateKey: args.login.privateKey, hostKey, vm };
    });
    this.registerOutputs({});
  }

  /** One for all machines, so that they take turns. */
  private restarts({ power, founded, machines }: FleetArgs): RollingRestart {
    return new RollingRestart({
      servers: machines.filter(({ role }) => role === "server"),
      power,
      founded,
      // The machines are complete once a hook runs.
      run: (...args) => hookRun(this.machines)(...args),
      awaitSsh: async ({ name, address }) => {
        const reached = this.machines.find((machine) => machine.name === name);
        const hostKey = await valueOf(reached?.hostKey ?? "");
        await waitForSsh(
          { machine: name, host: address, port: 22, hostKey, limitSeconds: bootSeconds },
          { tell: (text) => void log.info(text, this) },
        );
      },
    });
  }

  /** The resources behind the devices of a machine, by kind and name of the mapping. */
  private mappings(name: string, { pciMappings, usbMappings }: SitePlan) {
    const options = {
      parent: this,
      replaceOnChanges: ["name"],
      deleteBeforeReplace: true,
    };
    const pci = new Map<string, Resource>(
      pciMappings.map(({ name: mapping, devices }) => [
        mapping,
        new Pci(
          `${name}-pci-${mapping}`,
          {
            name: mapping,
            maps: devices.map(({ host, ...device }) => ({ node: host, ...device })),
          },
          options,
        ),
      ]),
    );
    const usb = new Map<string, Resource>(
      usbMappings.map(({ name: mapping, devices }) => [
        mapping,
        new Usb(
          `${name}-usb-${mapping}`,
          {
            name: mapping,
            maps: devices.map(({ host, ...device }) => ({ node: host, ...device })),
          },
          options,
        ),
      ]),
    );
    return (machine: MachineSpec): readonly Resource[] => [
      ...machine.pci.flatMap((mapping) => pci.get(mapping) ?? []),
      ...machine.usb.flatMap((mapping) => usb.get(mapping) ?? []),
    ];
  }

  /** The site's image, and others of machines, once for each host, or for all hosts where they share the datastore. */
  private images(args: FleetArgs): ReadonlyMap<string, CloudImage> {
    const first = new Map(
      args.machines.toReversed().map((machine) => [imagePlace(args, machine), machine]),
    );
    const places = [...new Set(args.machines.map((machine) => imagePlace(args, machine)))];
    return new Map(
      places.map((place) => {
        const { host, datastores, image } = first.get(place) ?? unplanned(place);
        const [datastore, shared] = [datastores.images, isShared(args, datastores)];
        const { name: site } = args.site;
        const source = { site, host, datastore, shared, ...(image ?? args.site.image) };
        return [place, new CloudImage(place, source, { parent: this })];
      }),
    );
  }
}

function isShared({ sharedDatastores }: FleetArgs, { images }: Datastores): boolean {
  return sharedDatastores.has(images);
}

/** The image's name, from where it lies; another than the site's has the head of its checksum. */
function imagePlace(
  args: FleetArgs,
  { host, datastores, image }: Pick<MachineSpec, "host" | "datastores" | "image">,
): string {
  const own = image === undefined ? "" : `-${image.checksum.slice(0, 8)}`;
  return `image-${isShared(args, datastores) ? datastores.images : host}${own}`;
}

/** Hosts start servers before agents, each in the site's order. */
function startOrder({ role }: Machine, index: number): number {
  return (role === "server" ? 10 : 50) + index;
}

function imageOf(images: ReadonlyMap<string, CloudImage>, place: string): CloudImage {
  return images.get(place) ?? unplanned(place);
}

function unplanned(place: string): never {
  throw new Error(`no cloud image is planned as ${place}`);
}
