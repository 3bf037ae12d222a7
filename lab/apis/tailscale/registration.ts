import { z } from "zod";
import { ApiError } from "./api-error.ts";
import { advertise } from "./approval.ts";
import { nodeKey, readRoutes, routes } from "./control-form.ts";
import { hashOf, idOfSecret, newId, randomHex } from "./credentials.ts";
import { addressesOf } from "./device-address.ts";
import { nameOf, rename, uniqueLabel } from "./device-name.ts";
import { expiryOf, isExpired } from "./device-view.ts";
import { isValid } from "./key-form.ts";
import { settingsOf } from "./settings.ts";
import type { StoredAuthKey, StoredDevice } from "./store.ts";
import type { Tailnet } from "./tailnet.ts";
import { requireTags } from "./tags.ts";

/** Body of a registration. */
export const registrationForm = z.strictObject({
  authKey: z.string().default(""),
  nodeKey: z.union([z.literal(""), nodeKey]).default(""),
  hostname: z.string().min(1),
  os: z.literal("linux"),
  clientVersion: z.string(),
  routes,
  exitNode: z.boolean().default(false),
});

/** Body of a person's login. */
export const loginForm = z.strictObject({
  user: z.string(),
  hostname: z.string().min(1),
  os: z.string().default("linux"),
  clientVersion: z.string().default("1.102.3"),
});

type Registration = z.infer<typeof registrationForm>;

/**
 * Makes a device of somebody's, as a login in the browser does, which the lab has not: a tailnet in use has phones and
 * laptops beside the sites' machines. It runs nowhere, and is offline.
 * @throws ApiError 403 for somebody who is not of the tailnet.
 */
export function login(tailnet: Tailnet, asked: z.infer<typeof loginForm>): unknown {
  const { user } = asked;
  if (tailnet.roleOf(user) === undefined) throw new ApiError(403, `${user} is not of this tailnet`);
  const device = tailnet.store.change((state) => {
    const made = newDevice(tailnet, { ...asked, nodeKey: "" }, user);
    state.devices[made.id] = made;
    return made;
  });
  return { deviceId: device.id, nodeId: device.nodeId, name: nameOf(tailnet, device) };
}

/**
 * Makes a device of a machine that has an auth key, or takes a known one back by its node key.
 * @throws ApiError 401 for a key that is unknown, used up, expired or revoked; 400 when the policy
 * no longer has the key's tags.
 */
export function register(tailnet: Tailnet, asked: Registration): unknown {
  const advertised = readRoutes(asked.routes);
  const key = asked.authKey === "" ? undefined : validKey(tailnet, asked.authKey);
  if (key !== undefined) requireTags(tailnet.policy(), [], key.tags);
  const known = Object.values(tailnet.store.state.devices).find(
    (device) => device.nodeKey === asked.nodeKey,
  );
  if (key === undefined && (known === undefined || isExpired(tailnet, known)))
    throw new ApiError(401, "this node is not logged in: an auth key is needed");
  const device = tailnet.store.change((state) => {
    const registered = known ?? newDevice(tailnet, asked);
    state.devices[registered.id] = registered;
    if (key !== undefined) applyKey(tailnet, registered, key);
    registered.clientVersion = asked.clientVersion;
    rename(tailnet, registered, asked.hostname);
    advertise(tailnet, registered, advertised, asked.exitNode);
    return registered;
  });
  tailnet.presence.hear(device);
  return {
    nodeId: device.nodeId,
    nodeKey: device.nodeKey,
    deviceId: device.id,
    name: nameOf(tailnet, device),
    addresses: addressesOf(device.number),
    tags: device.tags,
    ephemeral: device.ephemeral,
    keyExpiry: expiryOf(device) ?? null,
  };
}

function validKey(tailnet: Tailnet, secret: string): StoredAuthKey {
  const hash = hashOf(secret);
  const key = Object.values(tailnet.store.state.authKeys).find((known) => known.hash === hash);
  if (key !== undefined && isValid(key, tailnet.now())) return key;
  const id = idOfSecret(secret);
  throw new ApiError(
    401,
    id === undefined
      ? "invalid key: unable to validate API key"
      : `invalid key: API key ${id} not valid`,
  );
}

function newDevice(
  tailnet: Tailnet,
  asked: Pick<StoredDevice, "nodeKey" | "hostname" | "os" | "clientVersion">,
  user = tailnet.owner,
): StoredDevice {
  const now = tailnet.now();
  const { state } = tailnet.store;
  const { devicesKeyDurationDays: days, devicesApprovalOn } = settingsOf(tailnet);
  state.deviceCount += 1;
  return {
    id: `${7_000_000_000_000_000 + state.deviceCount}`,
    nodeId: newId("n"),
    nodeKey: asked.nodeKey === "" ? `nodekey:${randomHex()}` : asked.nodeKey,
    machineKey: `mkey:${randomHex()}`,
    number: state.deviceCount,
    hostname: asked.hostname,
    label: uniqueLabel(tailnet, asked.hostname),
    named: false,
    os: asked.os,
    clientVersion: asked.clientVersion,
    tags: [],
    user,
    ephemeral: false,
    authorized: !devicesApprovalOn,
    keyExpiryDisabled: false,
    created: new Date(now).toISOString(),
    expires: new Date(now + days * 24 * 3600_000).toISOString(),
    lastSeen: new Date(now).toISOString(),
    advertisedRoutes: [],
    enabledRoutes: [],
  };
}

/** A tagged device never has to log in again (https://tailscale.com/kb/1068/tags). */
function applyKey({ store }: Tailnet, device: StoredDevice, key: StoredAuthKey): void {
  const stored = store.state.authKeys[key.id];
  if (stored !== undefined) stored.used = true;
  device.tags = key.tags;
  device.ephemeral = key.ephemeral;
  device.keyExpiryDisabled = key.tags.length > 0;
  if (key.preauthorized) device.authorized = true;
}
