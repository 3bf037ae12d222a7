import { log, ResourceHook } from "@pulumi/pulumi";
import { takenName } from "./taken.ts";
import type { TailnetDevice } from "./tailscale-types.ts";

/** Calls of Tailscale's API that clearing names takes. */
export interface DeviceApi {
  devices(): Promise<readonly TailnetDevice[]>;
  deleteDevice(id: string): Promise<void>;
}

/**
 * Removes the devices that carry `tag` and for which `stale` holds; their names are free afterwards. Returns the names
 * in the tailnet. A device without the tag is never touched.
 */
export async function removeDevices(
  api: DeviceApi,
  tag: string,
  stale: (hostname: string) => boolean,
): Promise<readonly string[]> {
  const found = (await api.devices()).filter(
    ({ tags, hostname }) => tags.includes(tag) && stale(hostname),
  );
  for (const device of found) await api.deleteDevice(device.id);
  return found.map(({ name }) => name);
}

/**
 * A hook that frees a hostname before something new takes it: without it a machine that was built anew would be called
 * NAME-1, because the device of the one before still holds the name. Refuses what another's device has.
 */
export function freeName(
  name: string,
  api: DeviceApi,
  tag: string,
  hostname: string,
): ResourceHook {
  return new ResourceHook(name, async () => {
    told(await removeDevices(api, tag, (given) => given === hostname));
    const taken = takenName(await api.devices(), [tag], hostname);
    if (taken.length > 0) throw new Error(taken.join("\n"));
  });
}

/** A hook that removes devices of machines that the site no longer has. */
export function removeStaleDevices(
  name: string,
  api: DeviceApi,
  tag: string,
  machines: readonly string[],
): ResourceHook {
  return new ResourceHook(name, async () => {
    told(await removeDevices(api, tag, (hostname) => !machines.includes(hostname)));
  });
}

function told(names: readonly string[]): void {
  for (const name of names)
    void log.info(`removed the device ${name} from the tailnet: its machine is gone`);
}
