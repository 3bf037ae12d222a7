import { part } from "../web/exchange.ts";
import type { Account } from "./account.ts";
import { ApiError } from "./api-error.ts";
import type { JsonObject } from "./json.ts";
import { pageOf, type Route } from "./route.ts";

/** https://developers.cloudflare.com/api/resources/zones/; zones are neither made nor removed. */
export function zoneRoutes(account: Account): Route[] {
  return [
    {
      method: "GET",
      path: "zones",
      permission: "Zone",
      handle: (call) => {
        const { query } = call;
        const wanted = { name: account.zone, status: "active", "account.id": account.id };
        const fits = Object.entries(wanted).every(
          ([name, value]) => (query.get(name) ?? value) === value,
        );
        return pageOf(fits ? [zoneOf(account)] : [], call, Object.keys(wanted));
      },
    },
    {
      method: "GET",
      path: "zones/:zone",
      permission: "Zone",
      handle: () => ({ result: zoneOf(account) }),
    },
    ...settingRoutes(account),
  ];
}

/** A zone that was added long ago: its values move with nothing. */
function zoneOf({ id, zone, zoneId, nameServers }: Account): JsonObject {
  const added = "2025-01-01T00:00:00Z";
  return {
    id: zoneId,
    name: zone,
    status: "active",
    paused: false,
    type: "full",
    development_mode: 0,
    name_servers: nameServers,
    original_name_servers: null,
    created_on: added,
    modified_on: added,
    activated_on: added,
    account: { id, name: "Homelab" },
    plan: { id: "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", name: "Free Website", legacy_id: "free" },
  };
}

/** Settings that the lab knows: the value of a new zone first, then what else it may be. */
const settings: Readonly<Record<string, readonly string[]>> = {
  ssl: ["full", "off", "flexible", "strict"],
  always_use_https: ["off", "on"],
  automatic_https_rewrites: ["on", "off"],
  min_tls_version: ["1.0", "1.1", "1.2", "1.3"],
  tls_1_3: ["on", "off"],
  http3: ["on", "off"],
  websockets: ["on", "off"],
  browser_check: ["on", "off"],
};

/** https://developers.cloudflare.com/api/resources/zones/subresources/settings/ */
function settingRoutes({ store }: Account): Route[] {
  const path = "zones/:zone/settings/:setting";
  const shown = (id: string): JsonObject => ({
    id,
    value: store.state.settings[id] ?? valuesOf(id)[0],
    editable: true,
  });
  return [
    {
      method: "GET",
      path,
      permission: "Zone Settings",
      handle: (call) => ({ result: shown(part(call, "setting")) }),
    },
    {
      method: "PATCH",
      path,
      permission: "Zone Settings",
      handle: (call) => {
        const id = part(call, "setting");
        const { value } = call.body;
        const values = valuesOf(id);
        if (typeof value !== "string" || !values.includes(value))
          throw new ApiError(
            400,
            1007,
            `Invalid value for zone setting ${id}: use one of ${values.join(", ")}`,
          );
        store.change((state) => (state.settings[id] = value));
        return { result: shown(id) };
      },
    },
  ];
}

function valuesOf(id: string): readonly string[] {
  const values = Object.hasOwn(settings, id) ? settings[id] : undefined;
  if (values === undefined)
    throw new ApiError(
      400,
      1003,
      `the lab does not know the zone setting '${id}', only ${Object.keys(settings).join(", ")}`,
    );
  return values;
}
