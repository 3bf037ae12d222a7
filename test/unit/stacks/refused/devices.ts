import { devicesSite, gpuOf } from "../devices-site.ts";
import type { RefusedSites } from "./index.ts";

/** Devices of machines, and who asks for them. */
export const devices: RefusedSites = {
  "a device of no mapping": {
    edit: devicesSite({ "devices.gpu.pci": undefined }),
    at: "homelab:devices.gpu",
    says: /is of one mapping: name one of .*pciMappings under `pci`, or .*usbMappings under `usb`/,
  },
  "a device of two mappings": {
    edit: devicesSite({ "devices.gpu.usb": "radio" }),
    at: "homelab:devices.gpu",
    says: /is of one mapping/,
  },
  "a device of a mapping that is none": {
    edit: devicesSite({ "devices.gpu.pci": "card" }),
    at: "homelab:devices.gpu.pci",
    says: /card is not in homelab:proxmox\.pciMappings; known are igpu/,
  },
  "a device that no machine has": {
    edit: devicesSite({ "machines[0].usb": [] }),
    at: "homelab:devices.zigbee.usb",
    says: /no machine has radio; name it under `usb` of one in homelab:machines, with an `image`/,
  },
  "a device with a name for which its socket has no room": {
    edit: devicesSite({ [`devices.${"x".repeat(32)}`]: { pci: "igpu", paths: ["/dev/kfd"] } }),
    at: `homelab:devices.${"x".repeat(32)}`,
    says: /use 2 to 31 lower-case letters/,
  },
  "a device whose file is a pattern": {
    edit: devicesSite({ "devices.zigbee.paths": ["/dev/ttyUSB*"] }),
    at: "homelab:devices.zigbee.paths[0]",
    says: /one file below \/dev, without patterns/,
  },
  "a device whose file leaves /dev": {
    edit: devicesSite({ "devices.zigbee.paths": ["/dev/../etc/shadow"] }),
    at: "homelab:devices.zigbee.paths[0]",
    says: /one file below \/dev/,
  },
  "a GPU that is the folder of all screens": {
    edit: devicesSite({ "devices.gpu.paths": ["/dev/dri"] }),
    at: "homelab:devices.gpu.paths[0]",
    says: /on machines without a GPU too.*\/dev\/dri\/renderD128 for the first/,
  },
  "an application with a device that the site has not": {
    edit: devicesSite({ "apps.plex.devices": ["gpu", "tuner"] }),
    at: "homelab:apps.plex.devices[1]",
    says: /tuner is not in homelab:devices; known are gpu, zigbee/,
  },
  "an application that asks for a device twice": {
    edit: devicesSite({ "apps.plex.devices": ["gpu", "gpu"] }),
    at: "homelab:apps.plex.devices[1]",
    says: /gpu is already in the list/,
  },
  "an application with devices of two machines": {
    edit: devicesSite({
      "proxmox.usbMappings": [{ name: "radio", devices: [{ host: "titan", id: "10c4:ea60" }] }],
      "machines[0].usb": [],
      "machines[2].usb": ["radio"],
      "machines[2].image": devicesSite()["machines[0].image"],
      "apps.home-assistant.devices": ["zigbee", "gpu"],
    }),
    at: "homelab:apps.home-assistant.devices",
    says: /no machine that takes ordinary pods has zigbee and gpu together; give one of homelab:machines what is missing/,
  },
  "an application with a device of a machine that takes no pods": {
    edit: devicesSite({ "machines[0].taints": ["example.net/radio=present:NoSchedule"] }),
    at: "homelab:apps.home-assistant.devices",
    says: /no machine that takes ordinary pods has zigbee; .*let pods on it \(`workloads`, `taints`\)/,
  },
  "more containers than a device is there for": {
    edit: devicesSite({
      "proxmox.pciMappings": [{ name: "igpu", devices: [gpuOf("stone")] }],
      "machines[1].pci": [],
    }),
    at: "homelab:devices.gpu.count",
    says: /immich 1, immich-machine-learning 1, plex 1 ask for 3.*2 are there: 2 on each of the machines that have it; raise it/,
  },
  "a web application that has no device left for its rollout": {
    edit: devicesSite({ "apps.typeo.devices": ["zigbee"], "apps.typeo.replicas": 1 }),
    at: "homelab:devices.zigbee.count",
    says: /typeo 2, home-assistant 1 ask for 3, while they are rolled out, and 1 are there/,
  },
  "machine learning on a GPU that nobody names": {
    edit: devicesSite({ "apps.immich-machine-learning.devices": [] }),
    at: "homelab:apps.immich-machine-learning.devices",
    says: /v3\.1\.0-openvino is the build for a GPU; name it under `devices`/,
  },
};
