import { z } from "zod";

/** Part of a pattern: an RFC 1123 label in lower case. */
const labelText = "[a-z0-9]([a-z0-9-]*[a-z0-9])?";

/** A label, where people are told something else than of labels. */
export const labelForm = new RegExp(`^${labelText}$`);

/** A DNS name of at least two labels, or all below one: `*.home.arpa`. */
export const wildcardForm = new RegExp(`^(\\*\\.)?${labelText}(\\.${labelText})+$`);

/** The DNS name of a host on the internet: of at least two labels, the last of which begins with a letter. */
export const hostForm = new RegExp(`^(${labelText}\\.)+[a-z]([a-z0-9-]*[a-z0-9])?$`);

/** RFC 1123 label: what DNS and Kubernetes both accept as a name. */
export const label = z
  .string()
  .max(63)
  .regex(
    labelForm,
    "use lower-case letters, digits and hyphens, beginning and ending with a letter or digit (RFC 1123)",
  );

/** A DNS name in lower case. */
export const domain = z
  .string()
  .max(253)
  .regex(
    new RegExp(`^${labelText}(\\.${labelText})*$`),
    "use a lower-case DNS name such as home.arpa (RFC 1123)",
  );

/** A Proxmox node's name: its host name (pve-common, format pve-node), which may have capitals. */
export const nodeName = z
  .string()
  .max(63)
  .regex(
    // REQUIRED is what stands in the sample where nothing was filled in.
    /^(?!REQUIRED$)[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$/,
    "use the node's name as `pvecm nodes` prints it: letters, digits and hyphens, without a domain",
  );

/** An id in Proxmox's own files, as mappings have (pve-common, format pve-configid). */
export const configId = z
  .string()
  .regex(
    /^(?!REQUIRED$)[a-z][a-z0-9_-]+$/i,
    "begin with a letter and use letters, digits, hyphens and underscores, at least two characters",
  );

/** A resource pool, perhaps inside others (pve-access-control, format pve-poolid; pve-manager, create_pool). */
export const poolId = z
  .string()
  .regex(
    /^(?:[A-Za-z0-9._-]+\/){0,2}[A-Za-z][A-Za-z0-9._-]*$/,
    "begin with a letter and use letters, digits, dots, hyphens and underscores; a pool in another is PARENT/NAME, at " +
      "most three deep",
  );

/** A storage of Proxmox (pve-common, format pve-storage-id). */
export const storageId = z
  .string()
  .regex(
    /^[a-z][a-z0-9._-]*[a-z0-9]$/i,
    "use a storage's name as `pvesm status` prints it: letters, digits, dots, hyphens and underscores, without a colon",
  );

/** Part of an image's address that is a registry: a host, perhaps with a port (distribution/reference, `domain`). */
const registry =
  "(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?";

/** A repository's path in its registry (distribution/reference, `remote-name`). */
const repository =
  "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*";

/** An image without tag and digest: https://github.com/distribution/reference/blob/main/reference.go */
export const imageName = z
  .string()
  .max(255)
  .regex(
    new RegExp(`^(?:${registry}/)?${repository}$`),
    "use an image without its tag, as ghcr.io/example/app or registry.home.arpa:5000/app; what follows the registry is in lower case",
  );

/** A registry as images name it. */
export const registryName = z
  .string()
  .regex(
    new RegExp(`^(?:${registry}|\\*)$`),
    'use a registry as images name it, such as docker.io or registry.home.arpa:5000, without https://, or "*" for all others',
  );

const labelPart = "[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?";
const labelPrefix = "(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*/)?";

/** Key of a label or taint: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
export const labelKey = z
  .string()
  .max(317)
  .regex(
    new RegExp(`^${labelPrefix}${labelPart}$`),
    "use NAME or DOMAIN/NAME, the name of letters, digits and - _ . and at most 63 characters",
  );

/** Value of a label. */
export const labelValue = z
  .string()
  .regex(
    new RegExp(`^(?:${labelPart})?$`),
    "use letters, digits and - _ . , at most 63 characters, beginning and ending with a letter or digit",
  );

/** A taint as kubectl writes it. */
export const taint = z
  .string()
  .regex(
    new RegExp(
      `^${labelPrefix}${labelPart}(?:=(?:${labelPart})?)?:(?:NoSchedule|PreferNoSchedule|NoExecute)$`,
    ),
    "use KEY=VALUE:EFFECT or KEY:EFFECT; effects are NoSchedule, PreferNoSchedule and NoExecute",
  );

/** A name or an address in a server's certificate. */
export const certificateName = z
  .string()
  .max(253)
  .regex(
    /^(?:[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*|[0-9a-f]*:[0-9a-f:]+)$/,
    "use a lower-case DNS name or an address, without https:// and port",
  );

/** Flags of the kubelet without dashes; YAML may take their values for numbers and truths. */
export const kubeletFlags = z.record(
  z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/, "use a kubelet flag without dashes in front")
    .meta({ examples: ["max-pods"] }),
  z.union([z.string(), z.number(), z.boolean()]),
);

/** Flags with their values as texts. */
export function flagTexts(
  flags: Readonly<Record<string, string | number | boolean>>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(flags).map(([flag, value]) => [flag, String(value)]));
}

/** An IPv4 address in dotted form. */
export const ipv4 = z.ipv4("use a dotted IPv4 address such as 192.168.1.20");
/** An IPv4 network in CIDR form. */
export const cidr4 = z.cidrv4("use an IPv4 network in CIDR form such as 192.168.1.0/24");

/** VLAN id (IEEE 802.1Q): 0 and 4095 are reserved. */
export const vlanId = z
  .int("use a VLAN id from 1 to 4094")
  .min(1, "use a VLAN id from 1 to 4094")
  .max(4094, "use a VLAN id from 1 to 4094");

const mtuRange =
  "use 1280 (the least of IPv6) to 9216 (what jumbo frames carry), as a whole number";
/** MTU of an Ethernet in bytes. */
export const lanMtu = z.int(mtuRange).min(1280, mtuRange).max(9216, mtuRange);

/**
 * Name of a bridge as Proxmox VE takes it (`parse_bridge_id` of pve-common's JSONSchema.pm), as long as Linux takes a
 * network device's.
 */
export const bridgeName = z
  .string()
  .regex(
    /^(?!\.{1,2}$)[\w.-]{1,15}$/,
    "use a bridge's name such as vmbr0: at most 15 letters, digits, dots, hyphens and underscores",
  );

/** Name of a stack, which is its site's: it becomes part of tags, files and names. */
export const stackName = z
  .string()
  .regex(
    /^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/,
    "the stack's name is part of tags, files and names; use lower-case letters, digits and hyphens, at most 32",
  );

/** Name of a store in the site file, of which names of its objects are made; `longest` is what they leave it. */
export const storeName = (longest: number, example: string) =>
  z
    .string()
    .max(longest)
    .regex(
      /^[a-z]([a-z0-9-]*[a-z0-9])?$/,
      "begin with a letter and use lower-case letters, digits and hyphens",
    )
    .meta({ examples: [example] });

/** Certificates as a block of YAML holds them. */
export const pem = z
  .string()
  .regex(
    /^-----BEGIN CERTIFICATE-----\r?\n[\s\S]+-----END CERTIFICATE-----\s*$/,
    "use certificates in PEM form, from -----BEGIN to -----END, below a `|`",
  );
