import { z } from "zod";
import { ApiError } from "./api-error.ts";
import { nameOf, uniqueLabel } from "./device-name.ts";
import { deviceView, routesView } from "./device-view.ts";
import { ipNetworkText } from "./ip-network.ts";
import { readJson, type ApiCall, type ApiRoute } from "./route.ts";
import { readNetwork } from "./selector.ts";
import type { StoredDevice } from "./store.ts";
import type { Tailnet } from "./tailnet.ts";
import { requireTags } from "./tags.ts";

type Change = (device: StoredDevice, call: ApiCall) => unknown;

const texts = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);

/** Devices: `/tailnet/:tailnet/devices` and `/device/:id` (https://tailscale.com/api#tag/devices). */
export function deviceRoutes(tailnet: Tailnet): ApiRoute[] {
  const one = "/device/:id";
  const on = (method: string, url: string, scope: string, act: Change): ApiRoute => ({
    ...{ method, url, scope },
    handle: (call) => act(find(tailnet, call), call),
  });
  const write = (url: string, act: Change, scope = "devices:core"): ApiRoute =>
    on("POST", `${one}/${url}`, scope, (device, call) =>
      tailnet.store.change(() => act(device, call) ?? {}),
    );
  return [
    {
      method: "GET",
      url: "/tailnet/:tailnet/devices",
      scope: "devices:core:read",
      handle: (call) => list(tailnet, call),
    },
    on("GET", one, "devices:core:read", (device, { query }) =>
      deviceView(tailnet, device, fieldsOf(query)),
    ),
    on("DELETE", one, "devices:core", ({ id }) => {
      tailnet.store.change(({ devices }) => delete devices[id]);
      return {};
    }),
    on("GET", `${one}/routes`, "devices:routes:read", routesView),
    write("routes", setRoutes, "devices:routes"),
    write("tags", (device, call) => {
      setTags(tailnet, device, call);
    }),
    write("authorized", (device, call) => {
      device.authorized = readJson(call, z.strictObject({ authorized: z.boolean() })).authorized;
    }),
    write("key", (device, call) => {
      const form = z.strictObject({ keyExpiryDisabled: z.boolean() });
      device.keyExpiryDisabled = readJson(call, form).keyExpiryDisabled;
    }),
    write("name", (device, call) => {
      setName(tailnet, device, call);
    }),
  ];
}

function list(tailnet: Tailnet, { query }: ApiCall): unknown {
  const fields = fieldsOf(query);
  const filters = [...query].filter(([name]) => name !== "fields");
  const devices = Object.values(tailnet.store.state.devices).map((device) =>
    deviceView(tailnet, device, fields),
  );
  const found = filters.reduce(
    (left, [name, value]) => left.filter((device) => hasValue(device, name, value)),
    devices,
  );
  return { devices: found };
}

const filterable = ["id", "nodeId", "name", "hostname", "user", "os", "tags", "isEphemeral"];

function hasValue(device: Record<string, unknown>, name: string, value: string): boolean {
  if (!filterable.includes(name))
    throw new ApiError(400, `the lab filters devices by ${filterable.join(", ")}, not "${name}"`);
  const own = device[name];
  return Array.isArray(own) ? own.includes(value) : String(own) === value;
}

function fieldsOf(query: URLSearchParams): "default" | "all" {
  const fields = query.get("fields") ?? "default";
  if (fields !== "default" && fields !== "all")
    throw new ApiError(400, `invalid fields "${fields}"; use default or all`);
  return fields;
}

function find(tailnet: Tailnet, { parts: { id = "" } }: ApiCall): StoredDevice {
  const { devices } = tailnet.store.state;
  const device = devices[id] ?? Object.values(devices).find(({ nodeId }) => nodeId === id);
  if (device === undefined) throw new ApiError(404, "no matching device");
  return device;
}

function setRoutes(device: StoredDevice, call: ApiCall): unknown {
  const { routes } = readJson(call, z.strictObject({ routes: texts }));
  device.enabledRoutes = routes.map((route) => {
    const network = readNetwork(route, "routes");
    if (network === undefined) throw new ApiError(400, `routes: "${route}" is no prefix`);
    return ipNetworkText(network);
  });
  return routesView(device);
}

function setTags(tailnet: Tailnet, device: StoredDevice, call: ApiCall): void {
  const { tags } = readJson(call, z.strictObject({ tags: texts }));
  requireTags(tailnet.policy(), call.actor.tags, tags);
  device.tags = [...new Set(tags)];
}

function setName(tailnet: Tailnet, device: StoredDevice, call: ApiCall): void {
  const { name } = readJson(call, z.strictObject({ name: z.string() }));
  const suffix = `.${tailnet.suffix}`;
  const label = (name.endsWith(suffix) ? name.slice(0, -suffix.length) : name).toLowerCase();
  if (label === "") {
    // Back to what the host is called.
    device.label = uniqueLabel(tailnet, device.hostname, device);
    device.named = false;
    return;
  }
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label))
    throw new ApiError(400, `invalid name "${name}"; use letters, digits and hyphens`);
  const other = Object.values(tailnet.store.state.devices).find(
    (candidate) => candidate.label === label && candidate.id !== device.id,
  );
  if (other !== undefined) throw new ApiError(409, `name ${nameOf(tailnet, other)} is in use`);
  device.label = label;
  device.named = true;
}
