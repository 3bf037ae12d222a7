import { appsSite } from "./apps-site.ts";
import type { Changes } from "./sample.ts";

/** A GPU of a host. */
export const gpuOf = (host: string) => ({
  ...{ host, path: "0000:00:02.0", id: "8086:46d1", subsystemId: "8086:7270", iommuGroup: 0 },
});

/** An image whose kernel has drivers. */
const image = {
  url: "https://cloud.debian.org/images/cloud/trixie/20261001-2618/debian-13-generic-amd64-20261001-2618.qcow2",
  sha512: "ab".repeat(64),
};

export const stick =
  "/dev/serial/by-id/usb-Silicon_Labs_Sonoff_Zigbee_3.0_USB_Dongle_Plus_0001-if00-port0";

/** Home's changes by which two machines have a GPU, one of them a radio too, and applications have them. */
export function devicesSite(changes: Changes = {}): Changes {
  return appsSite({
    "proxmox.pciMappings": [{ name: "igpu", devices: [gpuOf("stone"), gpuOf("tank")] }],
    "proxmox.usbMappings": [{ name: "radio", devices: [{ host: "stone", id: "10c4:ea60" }] }],
    "machines[0].pci": ["igpu"],
    "machines[0].usb": ["radio"],
    "machines[0].image": image,
    "machines[1].pci": ["igpu"],
    "machines[1].image": image,
    devices: {
      gpu: { pci: "igpu", paths: ["/dev/dri/renderD128"], count: 2 },
      zigbee: { usb: "radio", paths: [stick] },
    },
    "apps.plex.devices": ["gpu"],
    "apps.immich.devices": ["gpu"],
    "apps.immich-machine-learning": { version: "v3.1.0-openvino", devices: ["gpu"] },
    "apps.home-assistant.devices": ["zigbee"],
    ...changes,
  });
}
