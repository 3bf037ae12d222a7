import { failure, parameterError } from "./api-error.ts";

/**
 * Names as Proxmox's schema checks them.
 * https://git.proxmox.com/?p=pve-common.git;f=src/PVE/JSONSchema.pm (pve-node, pve-configid)
 */
const nodeName = /^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$/;
const configId = /^[a-z][a-z0-9_-]+$/i;

/** pve-poolid of pve-access-control, `verify_poolname`. */
const poolId = /^[A-Za-z0-9.\-_]+(?:\/[A-Za-z0-9.\-_]+){0,2}$/;

/** Why a text is no node's name; undefined when it is one. */
export function nodeNameProblem(text: string): string | undefined {
  return nodeName.test(text) ? undefined : "value does not look like a valid node name";
}

/** @throws 400 for an id that no mapping may have. */
export function checkConfigId(parameter: string, id: string): void {
  if (!configId.test(id))
    throw parameterError({ [parameter]: `invalid format - invalid configuration ID '${id}'` });
}

/** @throws 400 for what is no pool's name anywhere. */
export function checkPoolId(poolid: string): void {
  if (poolid.split("/").length > 3)
    throw parameterError({
      poolid: `invalid format - pool name '${poolid}' nested too deeply (max levels = 3)`,
    });
  if (!poolId.test(poolid))
    throw parameterError({
      poolid: `invalid format - pool name '${poolid}' contains invalid characters`,
    });
}

/**
 * What only the creation of a pool asks for (pve-manager, PVE/API2/Pool.pm).
 * @throws 500 without the pool above it, or for a name that does not begin with a letter.
 */
export function checkNewPool(poolid: string, existing: Readonly<Record<string, unknown>>): void {
  const slash = poolid.lastIndexOf("/");
  const parent = poolid.slice(0, Math.max(slash, 0));
  const refused = (reason: string): Error => failure(`create pool failed: ${reason}`);
  if (slash > 0 && !Object.hasOwn(existing, parent))
    throw refused(`parent '${parent}' of pool '${poolid}' does not exist`);
  if (!/^[A-Za-z]/.test(poolid.slice(slash + 1)))
    throw refused("pool name must start with a letter");
}
