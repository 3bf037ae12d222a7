import { createHash } from "node:crypto";
import { part } from "../web/exchange.ts";
import { failure, parameterError } from "./api-error.ts";
import { checkEntryForm, type DeviceKind } from "./devices.ts";
import { checkConfigId } from "./formats.ts";
import type { Parameters } from "./parameters.ts";
import type { Route } from "./route.ts";
import { nodeOf, type Site } from "./site.ts";
import type { Settings } from "./store.ts";

const names: Readonly<Record<DeviceKind, readonly string[]>> = {
  pci: ["description", "map", "mdev", "live-migration-capable"],
  usb: ["description", "map"],
};

/** Mappings of PCI and USB devices, one name for a device on each node; and the nodes' devices. */
export function mappingRoutes(site: Site): Route[] {
  return [
    ...kindRoutes(site, "pci"),
    ...kindRoutes(site, "usb"),
    {
      method: "GET",
      path: "nodes/:node/hardware/pci",
      parameters: ["pci-class-blacklist", "verbose"],
      handle: (call) =>
        nodeOf(site, call).pciDevices.map((device) => {
          const [vendor, product] = device.id.split(":");
          const [subsystemVendor, subsystemProduct] = device.subsystemId.split(":");
          return {
            id: device.path,
            class: "0x030000",
            vendor: `0x${vendor}`,
            device: `0x${product}`,
            subsystem_vendor: `0x${subsystemVendor}`,
            subsystem_device: `0x${subsystemProduct}`,
            iommugroup: device.iommuGroup,
            ...(device.mediated === true ? { mdev: 1 } : {}),
          };
        }),
    },
    {
      method: "GET",
      path: "nodes/:node/hardware/usb",
      parameters: [],
      handle: (call) =>
        nodeOf(site, call).usbDevices.map(({ path, id }) => {
          const [busnum, usbpath] = path.split("-");
          const [vendid, prodid] = id.split(":");
          return { busnum: Number(busnum), usbpath, vendid, prodid, class: 0, level: 1, port: 1 };
        }),
    },
  ];
}

function kindRoutes(site: Site, kind: DeviceKind): Route[] {
  const stored = kind === "pci" ? "pciMappings" : "usbMappings";
  const path = `cluster/mapping/${kind}`;
  return [
    {
      method: "GET",
      path,
      parameters: ["check-node"],
      handle: () =>
        Object.entries(site.store.state[stored]).map(([id, item]) => answer(kind, id, item)),
    },
    {
      method: "POST",
      path,
      parameters: ["id", ...names[kind]],
      handle: (call) => {
        const id = call.parameters.required("id");
        checkConfigId("id", id);
        const settings = settingsOf(kind, call.parameters);
        if (site.store.state[stored][id] !== undefined)
          throw failure(`create hardware mapping failed: ${kind} ID '${id}' already defined`);
        site.store.change((state) => (state[stored][id] = settings));
        return null;
      },
    },
    {
      method: "GET",
      path: `${path}/:id`,
      parameters: [],
      handle: (call) => {
        const id = part(call, "id");
        const found = site.store.state[stored][id];
        if (found === undefined) throw failure(`mapping '${id}' not found`);
        return answer(kind, id, found);
      },
    },
    {
      method: "PUT",
      path: `${path}/:id`,
      parameters: [...names[kind], "delete", "digest"],
      handle: (call) => {
        const id = part(call, "id");
        const settings = settingsOf(kind, call.parameters);
        const known = site.store.state[stored][id];
        if (known === undefined)
          throw failure(`update hardware mapping failed: ${kind} ID '${id}' does not exist`);
        const removed = new Set(call.parameters.list("delete"));
        const kept = Object.entries(known).filter(([name]) => !removed.has(name));
        site.store.change((state) => {
          state[stored][id] = { ...Object.fromEntries(kept), ...settings };
        });
        return null;
      },
    },
    {
      // One that is gone already is no error.
      method: "DELETE",
      path: `${path}/:id`,
      parameters: [],
      handle: (call) => {
        site.store.change((state) => {
          delete state[stored][part(call, "id")];
        });
        return null;
      },
    },
  ];
}

function answer(kind: DeviceKind, id: string, settings: Settings): Record<string, unknown> {
  const digest = createHash("sha1").update(JSON.stringify(settings)).digest("hex");
  const mdev = settings.mdev === undefined ? {} : { mdev: Number(settings.mdev) };
  return { id, type: kind, ...settings, ...mdev, map: [settings.map ?? []].flat(), digest };
}

/** @throws 400 or 500 when an entry has no device's form, or there is none. */
function settingsOf(kind: DeviceKind, parameters: Parameters): Settings {
  const settings: Settings = {};
  for (const name of names[kind]) {
    const value = parameters.text(name);
    if (value !== undefined && name !== "map") settings[name] = value;
  }
  const map = parameters.all("map");
  if (map.length === 0) throw parameterError({ map: "missing value for required option 'map'" });
  for (const entry of map) checkEntryForm(kind, entry);
  return { ...settings, map: [...map] };
}
