import { ApiError, parameterError } from "./api-error.ts";
import type { ParameterNames } from "./parameters.ts";

/** Config keys that Proxmox answers as JSON numbers. */
const numbers = new Set([
  ...["acpi", "autostart", "balloon", "ciupgrade", "cores", "cpuunits", "freeze", "kvm"],
  ...["localtime", "numa", "onboot", "protection", "reboot", "shares", "sockets", "tablet", "tdf"],
  ...["template", "vcpus"],
]);

const flags = new Set([
  ...["acpi", "autostart", "ciupgrade", "freeze", "kvm", "localtime", "numa", "onboot"],
  ...["protection", "reboot", "tablet", "tdf", "template"],
]);

const texts = [
  ...["affinity", "agent", "arch", "audio0", "bios", "boot", "cdrom", "cicustom", "cipassword"],
  ...["citype", "ciuser", "cpu", "cpulimit", "description", "hotplug", "hugepages", "ivshmem"],
  ...["keyboard", "machine", "memory", "migrate_downtime", "migrate_speed", "name", "nameserver"],
  ...["ostype", "rng0", "scsihw", "searchdomain", "smbios1", "spice_enhancements", "sshkeys"],
  ...["startdate", "startup", "tags", "vga", "vmgenid", "vmstatestorage", "watchdog"],
];

/** Options that only `root@pam` with a password may set; a token gets 403. */
const rootOnly = ["args", "hookscript", "lock", "skiplock"];

/** Disks, drives, EFI and TPM state. */
export const diskKey =
  /^(?:scsi(?:\d|[12]\d|30)|virtio(?:\d|1[0-5])|sata[0-5]|ide[0-3]|efidisk0|tpmstate0)$/;

export const netKey = /^net(?:\d|[12]\d|3[01])$/;

const numbered =
  /^(?:ipconfig(?:\d|[12]\d|3[01])|hostpci(?:\d|1[0-5])|serial[0-3]|usb(?:\d|1[0-4])|parallel[0-2]|numa[0-7]|virtiofs\d|unused\d+)$/;

/** Every key that a VM's config may have. */
export const configNames: ParameterNames = [
  ...numbers,
  ...texts,
  ...rootOnly,
  diskKey,
  netKey,
  numbered,
];

export function isConfigName(name: string): boolean {
  return configNames.some((rule) => (typeof rule === "string" ? rule === name : rule.test(name)));
}

/**
 * A value as it is stored: flags as 1 or 0, tags sorted and in lower case, MACs are left to the
 * network card's own rule.
 * @throws 400 for a value that the schema refuses, 403 for what a token may not set.
 */
export function normaliseOption(name: string, value: string): string {
  if (rootOnly.includes(name))
    throw new ApiError(403, `Permission check failed (only root can set '${name}' config)`);
  if (flags.has(name)) return flag(name, value);
  if (numbers.has(name)) return integer(name, value);
  if (name === "memory") return memory(value);
  if (name === "tags") return tags(value);
  if (name === "name") return dnsName(value);
  if (name === "sshkeys") return urlEncoded(value);
  if (/^(hostpci|usb)\d+$/.test(name)) return mappedDevice(name, value);
  return value;
}

/** A token may hand on devices by a mapping alone; qemu-server, PVE/API2/Qemu.pm, check_vm_modify_config_perm. */
function mappedDevice(name: string, value: string): string {
  if (/(?:^|,)mapping=/.test(value)) return value;
  const reason = `only root can set '${name}' config for non-mapped devices`;
  throw new ApiError(403, `Permission check failed (${reason})`);
}

function flag(name: string, value: string): string {
  if (/^(1|true|on|yes)$/i.test(value)) return "1";
  if (/^(0|false|off|no)$/i.test(value)) return "0";
  throw parameterError({ [name]: `type check ('boolean') failed - got '${value}'` });
}

function integer(name: string, value: string): string {
  if (/^\d+$/.test(value)) return value;
  throw parameterError({ [name]: `type check ('integer') failed - got '${value}'` });
}

function memory(value: string): string {
  const amount = /^(?:current=)?(\d+)$/.exec(value)?.[1];
  if (amount !== undefined && Number(amount) >= 16) return amount;
  throw parameterError({ memory: `value must be at least 16 MiB - got '${value}'` });
}

function tags(value: string): string {
  const all = value.split(/[,;\s]+/).filter((tag) => tag !== "");
  for (const tag of all)
    if (!/^[a-z0-9_][a-z0-9_\-+.]*$/i.test(tag))
      throw parameterError({ tags: `invalid format - invalid characters in tag '${tag}'` });
  return [...new Set(all.map((tag) => tag.toLowerCase()))].sort().join(";");
}

function dnsName(value: string): string {
  const label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
  if (new RegExp(`^${label}(?:\\.${label})*$`).test(value)) return value;
  throw parameterError({
    name: "invalid format - value does not look like a valid DNS name",
  });
}

function urlEncoded(value: string): string {
  if (/^[-%a-zA-Z0-9_.!~*'()]*$/.test(value)) return value;
  throw parameterError({ sshkeys: "invalid format - invalid urlencoded string" });
}

/** A stored value as the API answers it. */
export function answerOption(name: string, value: string): string | number {
  if (name === "cipassword") return "**********";
  return numbers.has(name) && /^\d+$/.test(value) ? Number(value) : value;
}
