import type { Problem } from "../../../components/problem.ts";
import type { Application } from "../../apps/application.ts";
import { applications } from "../../apps/index.ts";
import type { Apps } from "../../apps/names.ts";
import { known, repeated } from "../../config/lists.ts";
import type { SiteConfig } from "../../schema.ts";
import { has, machinesFor } from "./machines.ts";

type All = Readonly<Record<string, Application>>;
type Device = SiteConfig["devices"][string];

/** Every device is some machine's, and applications get what is there, on one machine, and no more of it than there is. */
export function checkPodDevices(config: SiteConfig, all: All = applications): readonly Problem[] {
  const devices = Object.entries(config.devices);
  return [
    ...devices.flatMap(([name, device]) => mapped(config, name, device)),
    ...devices.flatMap(([name, { paths }]) => files(`homelab:devices.${name}.paths`, paths)),
    ...asking(config).flatMap((app) => placed(config, app)),
    ...devices.flatMap(([name, device]) => enough(config, name, device, all)),
  ];
}

/** A device is that of one mapping, which a machine has. */
function mapped(
  { proxmox, machines }: SiteConfig,
  name: string,
  device: Device,
): readonly Problem[] {
  const path = `homelab:devices.${name}`;
  const kinds = [
    { key: "pci", mapping: device.pci, list: "pciMappings" },
    { key: "usb", mapping: device.usb, list: "usbMappings" },
  ] as const;
  const named = kinds.filter(({ mapping }) => mapping !== undefined);
  const [one] = named;
  if (one?.mapping === undefined || named.length > 1) {
    const text =
      "is of one mapping: name one of homelab:proxmox.pciMappings under `pci`, or one of homelab:proxmox.usbMappings under `usb`";
    return [{ path, text }];
  }
  const { key, mapping, list } = one;
  const names = new Set(proxmox[list].map(({ name }) => name));
  if (!names.has(mapping))
    return known(`${path}.${key}`, mapping, names, `homelab:proxmox.${list}`);
  if (machines.some((machine) => has(machine, device))) return [];
  const text = `no machine has ${mapping}; name it under \`${key}\` of one in homelab:machines, with an \`image\` whose kernel has drivers`;
  return [{ path: `${path}.${key}`, text }];
}

/** Each virtual machine has a screen of its own in this folder, so that it says nothing of a GPU. */
const screens = "/dev/dri";

function files(path: string, paths: readonly string[]): readonly Problem[] {
  const at = paths.indexOf(screens);
  const text = `${screens} is there on machines without a GPU too, for their own screen; name the GPU's file, which is ${screens}/renderD128 for the first`;
  return [...repeated(path, paths), ...(at < 0 ? [] : [{ path: `${path}[${at}]`, text }])];
}

/** An application that asks for devices. */
interface Asking {
  readonly path: string;
  readonly names: readonly string[];
}

function asking({ apps }: { readonly apps: Apps }): readonly Asking[] {
  return Object.entries(apps).flatMap(([name, app]) =>
    app === undefined || app.devices.length === 0
      ? []
      : [{ path: `homelab:apps.${name}.devices`, names: app.devices }],
  );
}

/** There is a machine with all that an application asks for, and it takes pods. */
function placed({ devices, machines }: SiteConfig, { path, names }: Asking): readonly Problem[] {
  const there = new Set(Object.keys(devices));
  const found = names.flatMap((name) => devices[name] ?? []);
  const wrong = [
    ...names.flatMap((name, i) => known(`${path}[${i}]`, name, there, "homelab:devices")),
    ...repeated(path, names),
  ];
  // A device without a machine is told of by itself.
  const somewhere = found.every((device) => machines.some((machine) => has(machine, device)));
  if (wrong.length > 0 || !somewhere || machinesFor(machines, found).length > 0) return wrong;
  const text =
    `no machine that takes ordinary pods has ${names.join(" and ")}${names.length > 1 ? " together" : ""}; ` +
    "give one of homelab:machines what is missing, or let pods on it (`workloads`, `taints`)";
  return [{ path, text }];
}

/** There is one for each pod that asks for it. */
function enough(config: SiteConfig, name: string, device: Device, all: All): readonly Problem[] {
  const path = `homelab:devices.${name}.count`;
  const holders = holdersOf(config, name, all);
  const carriers = machinesFor(config.machines, [device]).length;
  // Where no machine is, that is what is wrong.
  if (carriers === 0) return [];
  const wanted = holders.reduce((sum, { pods }) => sum + pods, 0);
  const there = carriers * device.count;
  if (wanted <= there) return [];
  const who = holders.map(({ app, pods }) => `${app} ${pods}`).join(", ");
  const text =
    `${who} ask for ${wanted}, while they are rolled out, and ${there} are there: ${device.count} on each of the machines ` +
    "that have it; raise it where the device may be shared, or give it to fewer";
  return [{ path, text }];
}

/** Applications that hold a device, and how many pods of each do. */
function holdersOf(config: SiteConfig, device: string, all: All) {
  const apps: Apps = config.apps;
  return Object.entries(apps).flatMap(([app, own]) => {
    const held = own && all[app]?.holds(app, own, config);
    return held?.devices.includes(device) === true ? [{ app, pods: held.pods }] : [];
  });
}
