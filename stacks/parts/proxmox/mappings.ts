import { z } from "zod";
import { configId, nodeName } from "../../config/forms.ts";

const deviceId = z
  .string()
  .regex(/^[0-9a-f]{4}:[0-9a-f]{4}$/, "use vendor:device in lower case such as 10de:2204");

const host = nodeName.meta({
  description: "Proxmox node that carries the device",
  examples: ["stone"],
});

const pciDevice = z.strictObject({
  host,
  path: z
    .string()
    .regex(
      /^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}(\.[0-7])?$/,
      "use a PCI path such as 0000:01:00.0 (lspci -D)",
    )
    .meta({
      description: "PCI path, as `lspci -D` prints it; without its last part the whole device",
      examples: ["0000:01:00.0"],
    }),
  id: deviceId.meta({
    description: "Vendor and device id, as `lspci -n` prints them",
    examples: ["10de:2204"],
  }),
  // A mapping without these two is taken, and every start with it refused (PVE::Mapping::PCI, assert_valid).
  subsystemId: deviceId.meta({
    description:
      "Subsystem's vendor and device id, as `lspci -vn` prints them; 0000:0000 where it prints none",
    examples: ["1462:3884"],
  }),
  iommuGroup: z
    .int()
    .nonnegative()
    .meta({
      description:
        "IOMMU group of the device, as `pvesh get /nodes/HOST/hardware/pci` prints it; -1 there means that IOMMU is off",
      examples: [12],
    }),
});

const usbDevice = z.strictObject({
  host,
  id: deviceId.meta({
    description: "Vendor and product id, as `lsusb` prints them",
    examples: ["10c4:ea60"],
  }),
  path: z
    .string()
    .regex(/^\d+-\d+(\.\d+)*$/, "use a USB port such as 1-4 or 2-1.3 (lsusb -t)")
    .optional()
    .meta({
      description: "Bus and port; needed where a node has two devices of one id",
      examples: ["1-4"],
    }),
});

function mapping<Device extends z.ZodType>(device: Device, name: string) {
  return z.strictObject({
    name: configId.meta({
      description: "Name of the resource mapping that machines refer to",
      examples: [name],
    }),
    devices: z.array(device).min(1).describe("The device on each host that has one"),
  });
}

/** PCI devices by name. */
export const pciMappings = z
  .array(mapping(pciDevice, "gpu"))
  .default([])
  .describe("PCI devices that machines may be given");

/** USB devices by name. */
export const usbMappings = z
  .array(mapping(usbDevice, "zigbee"))
  .default([])
  .describe("USB devices that machines may be given");
