import { z } from "zod";
import { configId } from "../../config/forms.ts";
import type { Versions } from "../versions/schema.ts";

/**
 * The plugin takes names of at least two characters (generic-device-plugin, main.go, deviceTypeFmt), and longer ones than this
 * lead to a socket whose path, with `homelab/NAME` in base64, no kernel takes: 107 bytes (deviceplugin/plugin.go, NewPlugin).
 */
const deviceName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,29}[a-z0-9]$/,
    "use 2 to 31 lower-case letters, digits and hyphens, beginning and ending with a letter or digit",
  );

/** A file, and no pattern: containers have it under the same path, and how many there are is known. */
const devicePath = z
  .string()
  .regex(
    /^\/dev(\/(?!\.{1,2}(\/|$))[\w.:+@=#-]+)+$/,
    "use the path of one file below /dev, without patterns, such as /dev/dri/renderD128",
  );

const device = z
  .strictObject({
    pci: configId.optional().meta({
      description:
        "Name of `proxmox.pciMappings`: machines that have it under `pci` have the device; this or `usb`",
      examples: ["gpu"],
    }),
    usb: configId.optional().meta({
      description:
        "Name of `proxmox.usbMappings`: machines that have it under `usb` have the device; this or `pci`",
      examples: ["zigbee"],
    }),
    paths: z
      .array(devicePath)
      .min(1)
      .max(16)
      .meta({
        description:
          "Its files on these machines. A container gets them all, under the same paths, and none where one is missing",
        examples: [["/dev/dri/renderD128"]],
      }),
    count: z
      .int()
      .min(1)
      .max(100)
      .default(1)
      .describe(
        "How many containers of a machine may have it at once: a GPU is shared, a radio has one user",
      ),
  })
  .describe("A device of machines");

/** Devices of machines that pods may be given. */
export const devices = z
  .record(deviceName.meta({ examples: ["gpu"] }), device)
  .default({})
  .describe(
    "Devices of machines that applications may be given, by name; a site without this section has none",
  );

/** The section as it was read. */
export type DevicesConfig = z.infer<typeof devices>;

/** Release of the plugin that hands them out; undefined where a site names none. */
export function deriveDevicePlugin(written: DevicesConfig, versions: Versions): string | undefined {
  return Object.keys(written).length === 0 ? undefined : versions.genericDevicePlugin;
}
