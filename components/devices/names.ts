/** How what hands devices to pods is called: by objects, by pods that ask for a device, and by the doctor alike. */
import { exceptionsAnnotation, type Exceptions } from "../workload/exceptions.ts";
import type { NamespacePlan } from "../workload/namespace.ts";

/** The DaemonSet, and its container. */
export const plugin = "generic-device-plugin";

const why = "the kubelet's folder of device plugins is root's alone";

/** What its container does beyond the restricted profile. */
export const pluginExceptions: Exceptions = { root: why };

/** The same for everybody who looks. */
export const pluginAnnotations = { [exceptionsAnnotation(plugin)]: `root: ${why}` };

/** No profile below `privileged` lets a pod mount folders of its machine. */
export const devicesNamespace: NamespacePlan = {
  name: "devices",
  security: "privileged",
  annotations: pluginAnnotations,
};

/** Domain of the resources. */
export const resourceDomain = "homelab";

/** What a node offers, and a container asks for: an extended resource. */
export const deviceResource = (device: string): string => `${resourceDomain}/${device}`;

/** One of each, as limits of a container; its requests are the same by themselves. */
export function deviceLimits(devices: readonly string[] = []): Readonly<Record<string, string>> {
  return Object.fromEntries(devices.map((device) => [deviceResource(device), "1"]));
}
