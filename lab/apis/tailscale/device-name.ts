import type { StoredDevice } from "./store.ts";
import type { Tailnet } from "./tailnet.ts";

/** A device's name: `web.tail6c1ab.ts.net`. */
export const nameOf = ({ suffix }: Tailnet, { label }: StoredDevice): string =>
  `${label}.${suffix}`;

/**
 * A label like the host name that no other device has: `web`, `web-1`, `web-2`
 * (https://tailscale.com/kb/1098/machine-names).
 */
export function uniqueLabel(tailnet: Tailnet, hostname: string, device?: StoredDevice): string {
  const taken = new Set(
    Object.values(tailnet.store.state.devices)
      .filter(({ id }) => id !== device?.id)
      .map(({ label }) => label),
  );
  const label = labelOf(hostname);
  for (let number = 0; ; number += 1) {
    const candidate = number === 0 ? label : `${label}-${number}`;
    if (!taken.has(candidate)) return candidate;
  }
}

/** Letters, digits and hyphens only, as DNS wants them (RFC 1035, 2.3.1). */
function labelOf(hostname: string): string {
  const label = (hostname.split(".")[0] ?? "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 60);
  return label === "" ? "device" : label;
}

/** Notes a host name; the name follows it, unless somebody set it through the API. */
export function rename(tailnet: Tailnet, device: StoredDevice, hostname: string): void {
  if (device.hostname === hostname) return;
  device.hostname = hostname;
  if (!device.named) device.label = uniqueLabel(tailnet, hostname, device);
}
