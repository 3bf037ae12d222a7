import { z } from "zod";

/** RFC 1123 label: what Proxmox, DNS and Kubernetes all accept as a name. */
export const label = z
  .string()
  .max(63)
  .regex(
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
    "use lower-case letters, digits and hyphens, beginning and ending with a letter or digit (RFC 1123)",
  );

/** A DNS name in lower case. */
export const domain = z
  .string()
  .max(253)
  .regex(
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
    "use a lower-case DNS name such as home.arpa (RFC 1123)",
  );

/** An IPv4 address in dotted form. */
export const ipv4 = z.ipv4("use a dotted IPv4 address such as 192.168.1.20");
/** An IPv4 network in CIDR form. */
export const cidr4 = z.cidrv4("use an IPv4 network in CIDR form such as 192.168.1.0/24");

/** Name of a stack, which is its site's: it becomes part of tags, files and names. */
export const stackName = z
  .string()
  .regex(
    /^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/,
    "the stack's name is part of tags, files and names; use lower-case letters, digits and hyphens, at most 32",
  );
