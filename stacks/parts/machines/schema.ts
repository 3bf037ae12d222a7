import { z } from "zod";
import type { Derivation } from "../../config/derivation.ts";
import {
  configId,
  flagTexts,
  ipv4,
  kubeletFlags,
  label,
  labelKey,
  labelValue,
  nodeName,
  taint,
} from "../../config/forms.ts";
import { ownDatastores, type proxmox as proxmoxSchema } from "../proxmox/schema.ts";
import { cards, lanAccess } from "./cards.ts";
import { image, imageSource } from "../versions/schema.ts";
import { cpuType } from "./cpu.ts";
import { deriveDisks, extraDisks, reportPositions } from "./extra-disks.ts";

/** What machines may have in common, each with what it is where nobody says otherwise. */
const size = {
  workloads: z
    .boolean()
    .default(true)
    .describe(
      "Whether a server also runs ordinary pods; turned off, those that run there move away, and the taint CriticalAddonsOnly keeps others off",
    ),
  cores: z.int().min(2).default(4).describe("Virtual CPU cores"),
  memoryGiB: z.int().min(2).default(8).describe("Memory in GiB"),
  cpuType: cpuType
    .default("host")
    .describe(
      "Model of the virtual processor: `host` has all that the host's has; x86-64-v2-AES, x86-64-v3 or another of Proxmox's, " +
        "or custom-NAME. A change restarts the machine",
    ),
  uefi: z
    .boolean()
    .default(false)
    .describe(
      "Whether machines boot by UEFI instead of a BIOS, as some GPUs want it; switching it on restarts a machine, off " +
        "replaces it",
    ),
  diskGiB: z.int().min(16).default(64).describe("Root disk in GiB; it can grow, never shrink"),
  extraDisks,
};

/** What the node of every machine has, each entry beside those of the machine's own. */
const nodeSettings = {
  labels: z.record(labelKey.meta({ examples: ["example.net/rack"] }), labelValue).default({}),
  taints: z.array(taint).default([]),
  kubeletArgs: kubeletFlags.default({}),
};

/** In place of the site's image. */
const ownImage = image
  .optional()
  .describe(
    "Image in place of `versions.image`: for machines with `pci` or `usb` one whose kernel has drivers, as Debian's " +
      "`generic` has and `genericcloud` has not. A machine that exists keeps what it was built from",
  );

/** The three with an example, and what they are of. */
function ofNode(whose: string) {
  return {
    labels: nodeSettings.labels.meta({
      description: `Kubernetes labels of ${whose}`,
      examples: [{ "example.net/rack": "a" }],
    }),
    taints: nodeSettings.taints.meta({
      description: `Taints of ${whose}, KEY=VALUE:EFFECT`,
      examples: [["example.net/gpu=present:NoSchedule"]],
    }),
    kubeletArgs: nodeSettings.kubeletArgs.meta({
      description: `Kubelet flags of ${whose}, beside those of \`cluster.kubeletArgs\`; a change restarts it`,
      examples: [{ "max-pods": "200" }],
    }),
  };
}

/** What each machine has that does not say otherwise. */
export const machineDefaults = z
  .strictObject({ ...size, image: ownImage, ...ofNode("every node") })
  .prefault({})
  .describe("What each machine has unless its own entry says otherwise");

/** A value of one machine in place of the one in `machineDefaults`. */
function own<Value extends z.ZodType>(schema: z.ZodDefault<Value>) {
  const about = `${schema.description ?? ""}; that of \`machineDefaults\` when left out`;
  const examples = [schema.parse(undefined)];
  return schema.unwrap().optional().meta({ description: about, examples });
}

const machine = z.strictObject({
  host: nodeName.meta({
    description: "Proxmox node that carries it; a change replaces the machine",
    examples: ["stone"],
  }),
  address: ipv4.meta({
    description: "Static address on the LAN; a change replaces the machine",
    examples: ["192.168.1.21"],
  }),
  vmId: z
    .int()
    .min(100)
    .max(999_999_999)
    .meta({ description: "Proxmox VM id; a change replaces the machine", examples: [121] }),
  role: z.enum(["server", "agent"]).meta({
    description:
      "RKE2 role: `server` runs the control plane and etcd; a change replaces the machine",
    examples: ["server"],
  }),
  name: label.optional().meta({
    description:
      "Name of the VM and of the Kubernetes node; proxmox-HOST in lower case when left out",
    examples: ["proxmox-stone"],
  }),
  workloads: own(size.workloads),
  cores: own(size.cores),
  memoryGiB: own(size.memoryGiB),
  cpuType: own(size.cpuType),
  uefi: own(size.uefi),
  image: ownImage,
  diskGiB: own(size.diskGiB),
  extraDisks: own(size.extraDisks),
  datastores: ownDatastores("Datastores in place of its host's"),
  network: lanAccess,
  cards,
  mac: z
    .string()
    .regex(/^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$/, "use six hex pairs with colons")
    .optional()
    .meta({
      description: "MAC address; derived from site and VM id when left out",
      examples: ["BC:24:11:00:00:01"],
    }),
  tags: z
    .array(
      z
        .string()
        .regex(
          /^[a-z0-9_][a-z0-9_+.-]*$/,
          "use lower-case letters, digits and _ + . -, as Proxmox keeps tags",
        ),
    )
    .default([])
    .describe("Further Proxmox tags"),
  ...ofNode("the node"),
  pci: z
    .array(configId)
    .max(16)
    .default([])
    .meta({
      description:
        "Names of `proxmox.pciMappings` to pass through; needs an `image` whose kernel has drivers",
      examples: [["gpu"]],
    }),
  usb: z
    .array(configId)
    .max(14)
    .default([])
    .meta({
      description:
        "Names of `proxmox.usbMappings` to pass through; needs an `image` whose kernel has drivers",
      examples: [["zigbee"]],
    }),
  ha: z
    .strictObject({
      maxRestart: z
        .int()
        .min(0)
        .max(10)
        .default(1)
        .describe("Restarts on the same host before it moves"),
      maxRelocate: z.int().min(0).max(10).default(1).describe("Moves to another host"),
    })
    .optional()
    .describe("Puts the machine under Proxmox HA; needs shared storage"),
});

/** The machines of the site; the first server begins the cluster. */
export const machines = z
  .array(machine)
  .min(1)
  .describe("Virtual machines; the first server begins the cluster");

/** Machines that one `up` may destroy and build anew. */
export const allowReplace = z
  .array(label)
  .default([])
  .describe("Machines that this `up` may destroy and build anew; empty it afterwards");

/** Machines that one `up` may destroy for good. */
export const allowRemove = z
  .array(label)
  .default([])
  .describe(
    "Machines that are not in `machines` any more and that this `up` may destroy; empty it afterwards",
  );

/** Disks that one `up` may take away from machines, or move. */
export const allowDiskRemoval = z
  .array(
    z
      .string()
      .regex(
        /^[^/\s]+\/[^/\s]+$/,
        "name machine and disk as MACHINE/DISK, or MACHINE/scsi2 by the slot",
      ),
  )
  .default([])
  .meta({
    description:
      "Disks, as MACHINE/DISK, that this `up` may detach, move to another datastore or call otherwise; empty it afterwards",
    examples: [["proxmox-stone/data"]],
  });

/** Each machine with its name, and with what it has in common with the others. */
export function deriveMachines(
  written: z.infer<typeof machines>,
  defaults: z.infer<typeof machineDefaults>,
  proxmox: z.infer<typeof proxmoxSchema>,
  derivation: Derivation,
) {
  reportPositions("homelab:machineDefaults.extraDisks", defaults.extraDisks, derivation);
  return written.map((machine, i) => {
    const path = `homelab:machines[${i}]`;
    // A node of Kubernetes has no capitals in its name.
    const name = `proxmox-${machine.host.toLowerCase()}`;
    const own =
      machine.image === undefined
        ? defaults.image && { path: "homelab:machineDefaults.image", image: defaults.image }
        : { path: `${path}.image`, image: machine.image };
    const host = proxmox.hosts.find((one) => one.name === machine.host);
    const datastores = { ...proxmox.datastores, ...host?.datastores, ...machine.datastores };
    reportPositions(`${path}.extraDisks`, machine.extraDisks ?? [], derivation);
    if (machine.role === "agent" && machine.workloads === false)
      derivation.report(
        `${path}.workloads`,
        "is for servers; an agent is there for ordinary pods: remove it, or keep them off with a taint",
      );
    return {
      ...defaults,
      ...machine,
      datastores,
      extraDisks: deriveDisks(machine.extraDisks ?? defaults.extraDisks, datastores.disks),
      image: own === undefined ? undefined : imageSource(own.path, own.image, derivation),
      labels: { ...defaults.labels, ...machine.labels },
      taints: [...new Set([...defaults.taints, ...machine.taints].map(withEquals))],
      kubeletArgs: flagTexts({ ...defaults.kubeletArgs, ...machine.kubeletArgs }),
      name: derivation.given(`${path}.name`, machine.name, name, `made of ${path}.host`),
    };
  });
}

/** A taint as the cluster shows it, which has a `=` also where there is no value. */
function withEquals(written: string): string {
  return written.includes("=") ? written : written.replace(":", "=:");
}
