import { known } from "../../config/lists.ts";
import type { Problem } from "../../../components/problem.ts";
import type { SiteConfig } from "../../schema.ts";

type Machine = SiteConfig["machines"][number];
type Mapping =
  SiteConfig["proxmox"]["pciMappings"][number] | SiteConfig["proxmox"]["usbMappings"][number];

/** Keys of a machine that name mapped devices, each with the list that has the mappings. */
const kinds = [
  { key: "pci", list: "pciMappings" },
  { key: "usb", list: "usbMappings" },
] as const;

/** Every device that a machine is given is on its host, is given to nobody else, and lets the machine stay there. */
export function checkDevices(config: SiteConfig): readonly Problem[] {
  return [
    ...kinds.flatMap(({ key, list }) => {
      const mappings = new Map<string, Mapping>(config.proxmox[list].map((one) => [one.name, one]));
      const given = new Map<string, number>();
      return config.machines.flatMap((machine, i) =>
        machine[key].flatMap((name, j) => {
          const path = `homelab:machines[${i}].${key}[${j}]`;
          const mapping = mappings.get(name);
          if (mapping === undefined)
            return known(path, name, new Set(mappings.keys()), `homelab:proxmox.${list}`);
          return device(path, mapping, machine, given);
        }),
      );
    }),
    ...contested(config),
    ...config.machines.flatMap(immovable),
    ...config.machines.flatMap((machine, i) => driverless(config, machine, i)),
  ];
}

/** `given` counts by mapping and host what machines before this one have. */
function device(
  path: string,
  { name, devices }: Mapping,
  { host }: Machine,
  given: Map<string, number>,
): readonly Problem[] {
  const there = devices.filter((one) => one.host === host).length;
  if (there === 0) {
    const text = `${name} has no device on ${host}; move the machine or add the device`;
    return [{ path, text }];
  }
  const key = `${name} on ${host}`;
  const before = given.get(key) ?? 0;
  given.set(key, before + 1);
  if (before < there) return [];
  const has = there === 1 ? "one device" : `${there} devices`;
  const text = `${name} has ${has} on ${host}, and other entries of homelab:machines have it; a device has one owner`;
  return [{ path, text }];
}

/** A mapped device that a machine is given, where its host has but one of that mapping. */
interface Given {
  readonly path: string;
  readonly mapping: string;
  readonly machine: string;
  readonly host: string;
  readonly device: Mapping["devices"][number];
}

/** One device under two names, or devices that a host hands over together, for two machines: one of them never starts. */
function contested(config: SiteConfig): readonly Problem[] {
  return kinds.flatMap(({ key, list }) => {
    const given = config.machines.flatMap((machine, i) =>
      machine[key].flatMap((name, j): Given[] => {
        const mapping: Mapping | undefined = config.proxmox[list].find((one) => one.name === name);
        const devices = mapping?.devices.filter(({ host }) => host === machine.host) ?? [];
        const [device] = devices;
        if (device === undefined || devices.length > 1) return [];
        const path = `homelab:machines[${i}].${key}[${j}]`;
        return [{ path, mapping: name, machine: machine.name, host: machine.host, device }];
      }),
    );
    return given.flatMap((one, at) => {
      const before = given.slice(0, at).filter(({ mapping }) => mapping !== one.mapping);
      const found = before.flatMap((other) => {
        const why = conflict(one, other);
        return why === undefined
          ? []
          : [`${one.mapping} and ${other.mapping} of ${other.path} ${why}`];
      });
      return found.slice(0, 1).map((text) => ({ path: one.path, text }));
    });
  });
}

/** Of a PCI path without function the whole device is meant; vfio hands over IOMMU groups as a whole, to one machine. */
function conflict(one: Given, other: Given): string | undefined {
  if (one.host !== other.host) return undefined;
  const [a, b] = [one.device, other.device];
  if ("iommuGroup" in a && "iommuGroup" in b) {
    if (a.path === b.path || a.path.startsWith(`${b.path}.`) || b.path.startsWith(`${a.path}.`))
      return `are one device on ${one.host}; it has one owner: name it once`;
    return a.iommuGroup === b.iommuGroup && one.machine !== other.machine
      ? `are in IOMMU group ${a.iommuGroup} of ${one.host}, which goes to one machine as a whole; give both to ${other.machine}`
      : undefined;
  }
  const apart = a.path !== undefined && b.path !== undefined && a.path !== b.path;
  return a.id === b.id && !apart
    ? `are one device on ${one.host} as far as their ids tell; give each mapping the path of its port, or name it once`
    : undefined;
}

function immovable(machine: Machine, i: number): readonly Problem[] {
  const keys = kinds.map(({ key }) => key).filter((key) => machine[key].length > 0);
  if (machine.ha === undefined || keys.length === 0) return [];
  const names = keys.map((key) => `\`${key}\``).join(" and ");
  const text = `a machine with a device of its host cannot move; drop \`ha\` or ${names}`;
  return [{ path: `homelab:machines[${i}].ha`, text }];
}

/**
 * Debian's cloud kernel is built without DRM, USB and sound (linux-config, amd64_none_cloud-amd64: CONFIG_DRM and
 * CONFIG_USB_SUPPORT are not set); Ubuntu's cloud images come without linux-modules-extra.
 */
const cloudKernels = [/-(genericcloud|azure|ec2)-/, /-cloudimg-/];

function driverless({ proxmox }: SiteConfig, machine: Machine, i: number): readonly Problem[] {
  const { url } = machine.image ?? proxmox.image;
  const file = url.slice(url.lastIndexOf("/") + 1);
  if (!cloudKernels.some((form) => form.test(file))) return [];
  return kinds
    .filter(({ key }) => machine[key].length > 0)
    .map(({ key }) => ({
      path: `homelab:machines[${i}].${key}`,
      text:
        `${file} has a cloud kernel, without drivers for GPUs and USB; give the machine an \`image\` with a full kernel, such ` +
        "as debian-13-generic-amd64 of the same folder, and where it exists already another vmId, named under homelab:allowReplace",
    }));
}
