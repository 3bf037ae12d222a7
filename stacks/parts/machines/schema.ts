import { z } from "zod";
import type { Derivation } from "../../config/derivation.ts";
import { configId, ipv4, label, nodeName, storageId } from "../../config/forms.ts";

/** What machines may have in common, each with what it is where nobody says otherwise. */
const size = {
  workloads: z.boolean().default(true).describe("Whether a server also runs ordinary pods"),
  cores: z.int().min(2).default(4).describe("Virtual CPU cores"),
  memoryGiB: z.int().min(2).default(8).describe("Memory in GiB"),
  diskGiB: z.int().min(16).default(64).describe("Root disk in GiB; it can grow, never shrink"),
  extraDisks: z
    .array(
      z.strictObject({
        sizeGiB: z
          .int()
          .positive()
          .meta({ description: "Size in GiB", examples: [100] }),
        datastore: storageId.optional().meta({
          description: "Datastore; `proxmox.datastores.disks` when left out",
          examples: ["local-lvm"],
        }),
      }),
    )
    .max(13)
    .default([])
    .describe("Blank disks for storage: scsi1, scsi2, ... in this order"),
};

/** What each machine has that does not say otherwise. */
export const machineDefaults = z
  .strictObject(size)
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
  address: ipv4.meta({ description: "Static address on the LAN", examples: ["192.168.1.21"] }),
  vmId: z
    .int()
    .min(100)
    .max(999_999_999)
    .meta({ description: "Proxmox VM id; a change replaces the machine", examples: [121] }),
  role: z.enum(["server", "agent"]).meta({
    description: "RKE2 role: `server` runs the control plane and etcd",
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
  diskGiB: own(size.diskGiB),
  extraDisks: own(size.extraDisks),
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
        )
        .refine((tag) => !/^(homelab(-.*)?|gen-.*)$/.test(tag), {
          error: "the program marks its machines with homelab... and gen-...; choose another tag",
        }),
    )
    .default([])
    .describe("Further Proxmox tags"),
  labels: z
    .record(z.string().min(1), z.string())
    .default({})
    .meta({
      description: "Kubernetes labels of the node",
      examples: [{ "example.net/rack": "a" }],
    }),
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

/** Each machine with its name, and with what it has in common with the others. */
export function deriveMachines(
  written: z.infer<typeof machines>,
  defaults: z.infer<typeof machineDefaults>,
  derivation: Derivation,
) {
  return written.map((machine, i) => {
    const path = `homelab:machines[${i}]`;
    // A node of Kubernetes has no capitals in its name.
    const name = `proxmox-${machine.host.toLowerCase()}`;
    return {
      ...defaults,
      ...machine,
      name: derivation.given(`${path}.name`, machine.name, name, `made of ${path}.host`),
    };
  });
}
