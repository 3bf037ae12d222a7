import { z } from "zod";
import type { Derivation } from "../../config/derivation.ts";
import { bridgeName, ipv4, nodeName, poolId, storageId } from "../../config/forms.ts";
import { secretRef } from "../../config/secret-ref.ts";
import { imageSource, type Versions } from "../versions/schema.ts";
import { pciMappings, usbMappings } from "./mappings.ts";

const proxmoxToken = {
  pattern: /^\S+@\S+!\S+=[a-zA-Z0-9-]+$/,
  text: "is read, but is no API token of Proxmox VE; keep it as USER@REALM!NAME=SECRET, as Proxmox prints it",
};

const sshKey = {
  pattern: /^-----BEGIN (OPENSSH |RSA |EC )?PRIVATE KEY-----\r?\n/,
  text: "is read, but is no private key; keep the whole file, from -----BEGIN to -----END",
};

const uses = {
  images: storageId.describe("Datastore with content type `import`"),
  snippets: storageId.describe(
    "Datastore with content type `snippets`; a change replaces the machine",
  ),
  disks: storageId.describe("Datastore with content type `images`"),
};

/** Datastores that one host or machine has in place of the site's. */
export function ownDatastores(about: string) {
  const own = (use: z.ZodString, example: string) => use.optional().meta({ examples: [example] });
  return z
    .strictObject({
      images: own(uses.images, "nas"),
      snippets: own(uses.snippets, "nas"),
      disks: own(uses.disks, "nvme"),
    })
    .default({})
    .describe(about);
}

const host = z.strictObject({
  name: nodeName.meta({ description: "Name of the Proxmox node", examples: ["stone"] }),
  address: ipv4.meta({
    description: "Address of the node on the LAN; its API and SSH answer here",
    examples: ["192.168.1.11"],
  }),
  memoryGiB: z
    .int()
    .positive()
    .optional()
    .meta({
      description:
        "Physical memory in GiB; with it, machines are checked to fit before anything is asked",
      examples: [64],
    }),
  reserveGiB: z
    .int()
    .nonnegative()
    .optional()
    .meta({
      description:
        "Memory in GiB that machines leave to the node; a tenth of its memory, at least 2, when left out",
      examples: [8],
    }),
  cores: z
    .int()
    .positive()
    .optional()
    .meta({
      description: "CPU threads; with them, machines are checked to have no more",
      examples: [16],
    }),
  datastores: ownDatastores("Datastores of the machines on it, in place of `proxmox.datastores`"),
});

/** How the site's Proxmox VE is reached and what it offers. */
export const proxmox = z
  .strictObject({
    endpoint: z
      .url({ protocol: /^https$/, error: "use an https address such as https://192.168.1.11:8006" })
      .optional()
      .meta({
        description: "Address of the API; port 8006 of the first host when left out",
        examples: ["https://192.168.1.11:8006"],
      }),
    apiToken: secretRef(
      "API token, USER@REALM!NAME=SECRET; PROXMOX_VE_API_TOKEN when left out",
      "op://Homelab/Proxmox/api-token",
      proxmoxToken,
    ).optional(),
    sshPrivateKey: secretRef(
      "Key of the SSH user on the hosts, OpenSSH form; PROXMOX_VE_SSH_PRIVATE_KEY when left out",
      "op://Homelab/Proxmox/ssh-private-key",
      sshKey,
    ).optional(),
    pool: poolId
      .default("homelab")
      .describe(
        "Resource pool that holds the machines; the stack creates it, but not the pools that it is in (PARENT/NAME)",
      ),
    bridge: bridgeName
      .default("vmbr0")
      .describe("Bridge of every host that leads to the LAN; the machines' network cards join it"),
    datastores: z
      .strictObject({
        images: uses.images.default("local"),
        snippets: uses.snippets.default("local"),
        disks: uses.disks.default("local-lvm"),
      })
      .default({ images: "local", snippets: "local", disks: "local-lvm" })
      .describe("Where images, cloud-init and disks are kept"),
    hosts: z.array(host).min(1).describe("The Proxmox nodes that carry machines"),
    pciMappings,
    usbMappings,
  })
  .describe("The Proxmox VE cluster");

/** How Proxmox VE is reached, with the image of the machines. */
export function deriveProxmox(
  written: z.infer<typeof proxmox>,
  versions: Versions,
  derivation: Derivation,
) {
  const path = "homelab:proxmox.endpoint";
  const first = `https://${written.hosts[0]?.address ?? ""}:8006`;
  const how = "made of homelab:proxmox.hosts[0].address";
  return {
    ...written,
    endpoint: derivation.given(path, written.endpoint, first, how),
    image: imageSource("homelab:versions.image", versions.image, derivation),
  };
}
