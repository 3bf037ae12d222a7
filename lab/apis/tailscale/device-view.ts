import { addressesOf } from "./device-address.ts";
import { nameOf } from "./device-name.ts";
import type { StoredDevice } from "./store.ts";
import type { Tailnet } from "./tailnet.ts";

/** A device as the API shows it (https://tailscale.com/api#model/device). */
export function deviceView(
  tailnet: Tailnet,
  device: StoredDevice,
  fields: "default" | "all",
): Record<string, unknown> {
  const { id, nodeId, nodeKey, machineKey, hostname, clientVersion, os } = device;
  const { created, lastSeen, authorized, keyExpiryDisabled, ephemeral } = device;
  const view = {
    ...{ id, nodeId, nodeKey, machineKey, hostname, clientVersion, os },
    ...{ created, lastSeen, authorized, keyExpiryDisabled },
    expires: expiryOf(device) ?? device.expires,
    name: nameOf(tailnet, device),
    addresses: addressesOf(device.number),
    user: device.tags.length > 0 ? "tagged-devices" : device.user,
    ...(device.tags.length > 0 ? { tags: device.tags } : {}),
    isEphemeral: ephemeral,
    isExternal: false,
    connectedToControl: tailnet.presence.online(device),
    updateAvailable: false,
    blocksIncomingConnections: false,
    tailnetLockKey: "",
    tailnetLockError: "",
  };
  return fields === "all" ? { ...view, ...routesView(device) } : view;
}

/** Routes as the API shows them. */
export function routesView(device: StoredDevice): {
  advertisedRoutes: readonly string[];
  enabledRoutes: readonly string[];
} {
  return { advertisedRoutes: device.advertisedRoutes, enabledRoutes: device.enabledRoutes };
}

/** When a device must log in again; undefined when never. */
export const expiryOf = ({ keyExpiryDisabled, expires }: StoredDevice): string | undefined =>
  keyExpiryDisabled ? undefined : expires;

/** Whether a device must log in again before it may take part. */
export function isExpired(tailnet: Tailnet, device: StoredDevice): boolean {
  const expiry = expiryOf(device);
  return expiry !== undefined && Date.parse(expiry) <= tailnet.now();
}
