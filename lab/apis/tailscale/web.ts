import { guarded, json, type Answer, type WebRoute } from "../web/exchange.ts";
import type { WebService } from "../web/server.ts";
import { ApiError, pageNotFound } from "./api-error.ts";
import { authenticate } from "./oauth.ts";
import { relay } from "./relay.ts";
import { Reply, type ApiRoute, type Call, type OpenRoute } from "./route.ts";
import { requireScope, type Actor } from "./scopes.ts";
import type { Tailnet } from "./tailnet.ts";

const base = "/api/v2";
const apiHosts = ["api.tailscale.com"];

/** Calls that Tailscale's API has and the lab does not: answered with 501. */
const unsupportedUrls = [
  ...[
    ...["acl/preview", "users", "user-invites", "contacts", "contacts/*", "webhooks"],
    ...["logging/*", "aws-external-id", "aws-external-id/*", "posture/integrations"],
    ...["services", "services/*", "device-attributes"],
  ].map((path) => `/tailnet/:tailnet/${path}`),
  ...["expire", "ip", "attributes", "attributes/*", "device-invites"].map(
    (path) => `/device/:id/${path}`,
  ),
  ...["/users/*", "/user-invites/*", "/device-invites/*", "/webhooks/*", "/posture/*"],
];

/** All of Tailscale's host names on one listener, told apart by the header `Host`. */
export function tailscaleWeb(
  tailnet: Tailnet,
  open: readonly OpenRoute[],
  api: readonly ApiRoute[],
): WebService {
  return {
    name: "tailscale",
    strictSlashes: true,
    upgrade: relay(tailnet),
    routes: [
      ...open.map((route) => ({
        ...route,
        handle: (request: Call) => serve(tailnet, () => route.handle(request)),
      })),
      ...guarded<Actor>(
        ({ headers }) => authenticate(tailnet, headers.authorization),
        api.map((route) => ({
          ...{ method: route.method, url: `${base}${route.url}`, hosts: apiHosts },
          handle: (request, actor) => serve(tailnet, () => call(tailnet, route, request, actor)),
        })),
      ),
      ...unsupportedUrls.map(unsupported),
    ],
    notFound: pageNotFound,
    answerError: (error) =>
      json(error instanceof ApiError ? error.body() : { message: error.message }),
  };
}

/** Checks tailnet and scope before the route's own work. */
function call(tailnet: Tailnet, route: ApiRoute, request: Call, actor: Actor): unknown {
  if (![undefined, "-", tailnet.name].includes(request.parts.tailnet))
    throw new ApiError(404, "tailnet not found");
  if (route.scope !== undefined) requireScope(actor, route.scope);
  return route.handle({ ...request, actor });
}

function serve(tailnet: Tailnet, handle: () => unknown): Answer {
  removeGone(tailnet);
  const result = handle();
  return result instanceof Reply ? result.answer : json(result);
}

function unsupported(url: string): WebRoute {
  return {
    method: ["GET", "POST", "PUT", "PATCH", "DELETE"],
    url: `${base}${url}`,
    handle({ method, path }) {
      throw new ApiError(501, `the lab does not support ${method} ${path}`);
    },
  };
}

/** Removes ephemeral devices whose time is over; every request looks, so no timer has to. */
export function removeGone({ presence, store }: Tailnet): void {
  const gone = presence.gone(store.state);
  if (gone.length === 0) return;
  store.change(({ devices }) => {
    for (const { id } of gone) delete devices[id];
  });
}
