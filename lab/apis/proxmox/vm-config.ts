import { createHash, randomUUID } from "node:crypto";
import { parameterError } from "./api-error.ts";
import type { Parameters } from "./parameters.ts";
import type { StoredVm } from "./store.ts";
import { parseDisk, type DiskRequest } from "./vm-disk-request.ts";
import { normaliseNetwork } from "./vm-network.ts";
import { settingsToBe } from "./vm-pending.ts";
import { answerOption, diskKey, isConfigName, netKey, normaliseOption } from "./vm-options.ts";

/** What a create or config call asks to change. */
export interface ConfigChange {
  /** Values ready to be stored. */
  readonly set: Readonly<Record<string, string>>;
  readonly disks: readonly (readonly [name: string, request: DiskRequest])[];
  /** Keys to remove. */
  readonly remove: readonly string[];
}

/**
 * Reads the fields of POST qemu, PUT config and POST config.
 * @throws 400 or 403 with the field's name.
 */
export function parseChange(parameters: Parameters): ConfigChange {
  const set: Record<string, string> = {};
  const disks: [string, DiskRequest][] = [];
  for (const name of parameters.names().filter(isConfigName)) {
    const value = parameters.required(name);
    if (diskKey.test(name)) disks.push([name, parseDisk(name, value)]);
    else if (name === "cdrom") disks.push(["ide2", parseDisk("ide2", `${value},media=cdrom`)]);
    else if (netKey.test(name)) set[name] = normaliseNetwork(name, value);
    else set[name] = normaliseOption(name, value);
  }
  const remove = parameters.list("delete");
  for (const name of remove) {
    if (!isConfigName(name)) throw parameterError({ delete: `unknown setting '${name}'` });
    if (name in set)
      throw parameterError({
        delete: `you can't use '-${name}' and -delete ${name}' at the same time`,
      });
  }
  // Proxmox keeps neither an empty value nor `template: 0`.
  if (set.template === "0") delete set.template;
  for (const name of ["description", "tags", "nameserver", "searchdomain"])
    if (set[name] === "") delete set[name];
  return { set, disks, remove };
}

/** Settings that Proxmox adds to each new VM. */
export function birthMarks(): Record<string, string> {
  return {
    meta: `creation-qemu=10.1.2,ctime=${Math.floor(Date.now() / 1000)}`,
    smbios1: `uuid=${randomUUID()}`,
    vmgenid: randomUUID(),
  };
}

/**
 * The answer of GET config: numbers where Proxmox gives numbers, plus digest and lock. With what is pending, unless the
 * `current` settings are asked for.
 */
export function answerConfig(vm: StoredVm, current: boolean): Record<string, string | number> {
  const settings = current ? vm.config : settingsToBe(vm);
  const entries = Object.entries(settings).map(([name, value]): [string, string | number] => [
    name,
    answerOption(name, value),
  ]);
  const answer = Object.fromEntries(entries);
  if (vm.lock !== undefined) answer.lock = vm.lock;
  answer.digest = digestOf(vm);
  return answer;
}

/** SHA-1 of the config; a caller that gives an older one is refused. */
export function digestOf(vm: StoredVm): string {
  return createHash("sha1")
    .update(JSON.stringify([vm.config, vm.pending]))
    .digest("hex");
}
