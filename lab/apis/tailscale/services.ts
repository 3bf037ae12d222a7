import { z } from "zod";
import { ApiError } from "./api-error.ts";
import { addressesOf } from "./device-address.ts";
import { readJson, type ApiCall, type ApiRoute } from "./route.ts";
import type { StoredService } from "./store.ts";
import type { Tailnet } from "./tailnet.ts";
import { requireTags } from "./tags.ts";

const texts = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);

const form = z.strictObject({
  name: z.string().regex(/^svc:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/),
  addrs: texts,
  comment: z.string().default(""),
  annotations: z.record(z.string(), z.string()).default({}),
  ports: texts,
  tags: texts,
});

/**
 * Services of the tailnet: `/tailnet/:tailnet/vip-services` (tailscale/tailscale-client-go-v2, vip_services.go). They are kept, and
 * nobody publishes one.
 */
export function serviceRoutes(tailnet: Tailnet): ApiRoute[] {
  const all = "/tailnet/:tailnet/vip-services";
  const one = `${all}/:name`;
  return [
    {
      ...{ method: "GET", url: all, scope: "services:read" },
      handle: () => ({ vipServices: Object.values(tailnet.store.state.services) }),
    },
    { method: "GET", url: one, scope: "services:read", handle: (call) => find(tailnet, call) },
    { method: "PUT", url: one, scope: "services", handle: (call) => put(tailnet, call) },
    {
      ...{ method: "DELETE", url: one, scope: "services" },
      handle: (call) => {
        const { name } = find(tailnet, call);
        tailnet.store.change(({ services }) => delete services[name]);
        return {};
      },
    },
  ];
}

function find(tailnet: Tailnet, { parts: { name = "" } }: ApiCall): StoredService {
  const service = tailnet.store.state.services[name];
  if (service === undefined) throw new ApiError(404, "no matching service");
  return service;
}

/** A new one gets addresses that no device ever has. */
function put(tailnet: Tailnet, call: ApiCall): StoredService {
  const given = readJson(call, form);
  if (given.name !== call.parts["name"])
    throw new ApiError(400, `name "${given.name}" is not the one that was asked for`);
  requireTags(tailnet.policy(), call.actor.tags, given.tags);
  return tailnet.store.change((state) => {
    const { addrs } = state.services[given.name] ?? { addrs: addressesOf(++state.deviceCount) };
    const service = { ...given, addrs };
    state.services[given.name] = service;
    return service;
  });
}
