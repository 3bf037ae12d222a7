import { createHash } from "node:crypto";
import { part } from "../web/exchange.ts";
import { failure, parameterError } from "./api-error.ts";
import type { Parameters } from "./parameters.ts";
import { parseProperties } from "./property-string.ts";
import type { Route } from "./route.ts";
import { hostNamed, nodeOf, type Site } from "./site.ts";
import type { Settings } from "./store.ts";

const names = ["description", "map", "mdev", "live-migration-capable"];

/** PCI mappings: one name for a device on each node. */
export function mappingRoutes(site: Site): Route[] {
  const find = (id: string): Settings => {
    const found = site.store.state.pciMappings[id];
    if (found === undefined) throw failure(`pci mapping '${id}' does not exist`);
    return found;
  };
  return [
    {
      method: "GET",
      path: "cluster/mapping/pci",
      parameters: ["check-node"],
      handle: () =>
        Object.entries(site.store.state.pciMappings).map(([id, item]) => answer(id, item)),
    },
    {
      method: "POST",
      path: "cluster/mapping/pci",
      parameters: ["id", ...names],
      handle: (call) => {
        const id = call.parameters.required("id");
        if (site.store.state.pciMappings[id] !== undefined)
          throw failure(`pci ID '${id}' already defined`);
        const settings = settingsOf(site, call.parameters);
        site.store.change((state) => (state.pciMappings[id] = settings));
        return null;
      },
    },
    {
      method: "GET",
      path: "cluster/mapping/pci/:id",
      parameters: [],
      handle: (call) => answer(part(call, "id"), find(part(call, "id"))),
    },
    {
      method: "PUT",
      path: "cluster/mapping/pci/:id",
      parameters: [...names, "delete", "digest"],
      handle: (call) => {
        const id = part(call, "id");
        const removed = new Set(call.parameters.list("delete"));
        const kept = Object.entries(find(id)).filter(([name]) => !removed.has(name));
        const settings = { ...Object.fromEntries(kept), ...settingsOf(site, call.parameters) };
        site.store.change((state) => (state.pciMappings[id] = settings));
        return null;
      },
    },
    {
      method: "DELETE",
      path: "cluster/mapping/pci/:id",
      parameters: [],
      handle: (call) => {
        const id = part(call, "id");
        find(id);
        site.store.change((state) => {
          delete state.pciMappings[id];
        });
        return null;
      },
    },
    {
      method: "GET",
      path: "nodes/:node/hardware/pci",
      parameters: ["pci-class-blacklist", "verbose"],
      handle: (call) =>
        nodeOf(site, call).pciDevices.map((device) => ({
          id: device.path,
          class: "0x030000",
          vendor: `0x${device.id.split(":")[0]}`,
          device: `0x${device.id.split(":")[1]}`,
          iommugroup: device.iommuGroup,
        })),
    },
  ];
}

function answer(id: string, settings: Settings): Record<string, unknown> {
  const digest = createHash("sha1").update(JSON.stringify(settings)).digest("hex");
  const mdev = settings.mdev === undefined ? {} : { mdev: Number(settings.mdev) };
  return { id, type: "pci", ...settings, ...mdev, map: [settings.map ?? []].flat(), digest };
}

function settingsOf(site: Site, parameters: Parameters): Settings {
  const settings: Settings = {};
  for (const name of names) {
    const value = parameters.text(name);
    if (value !== undefined && name !== "map") settings[name] = value;
  }
  const map = parameters.all("map");
  if (map.length === 0) return settings;
  for (const entry of map) checkEntry(site, entry);
  return { ...settings, map: [...map] };
}

/** @throws 400 or 500 when the entry does not fit a device of its node. */
function checkEntry(site: Site, entry: string): void {
  const properties = parseProperties(entry);
  for (const required of ["node", "path", "id"])
    if (!properties.has(required))
      throw parameterError({ map: `invalid format - ${required}: property is missing` });
  const host = hostNamed(site, properties.get("node") ?? "");
  const path = properties.get("path") ?? "";
  const device = host.pciDevices.find((candidate) => candidate.path === path);
  if (device === undefined) throw failure(`pci device '${path}' not found on node '${host.name}'`);
  const group = properties.get("iommugroup");
  if (device.id !== properties.get("id"))
    throw failure(`'id' does not match for '${path}' (${device.id} ne ${properties.get("id")})`);
  if (group !== undefined && Number(group) !== device.iommuGroup)
    throw failure(`'iommugroup' does not match for '${path}' (${device.iommuGroup} ne ${group})`);
}
