import { z } from "zod";
import { ApiError } from "./api-error.ts";
import { advertise, exitRoutes, routesInUse } from "./approval.ts";
import { nodeKey, readRoutes, routes } from "./control-form.ts";
import { addressesOf } from "./device-address.ts";
import { nameOf, rename } from "./device-name.ts";
import { isExpired } from "./device-view.ts";
import { splitView } from "./dns.ts";
import { contains, parseIpNetwork } from "./ip-network.ts";
import { allows, connects, subjectsOf, type Identity } from "./policy-access.ts";
import { login, loginForm, register, registrationForm } from "./registration.ts";
import { readJson, type Call, type OpenRoute } from "./route.ts";
import type { StoredDevice } from "./store.ts";
import type { Tailnet } from "./tailnet.ts";

const form = {
  map: z.strictObject({
    nodeKey,
    hostname: z.string().min(1),
    routes,
    exitNode: z.boolean().default(false),
  }),
  logout: z.strictObject({ nodeKey }),
  filter: z.strictObject({ nodeKey, from: z.string(), to: z.string() }),
};

/**
 * What a device asks of its control server. The real protocol is Noise over HTTP; this one is the
 * lab's own, JSON over HTTPS, for the lab's tailscaled alone.
 */
export function controlRoutes(tailnet: Tailnet): OpenRoute[] {
  const post = (url: string, handle: (call: Call) => unknown): OpenRoute => ({
    ...{ method: "POST", url: `/machine/${url}`, handle },
    hosts: ["controlplane.tailscale.com", "login.tailscale.com"],
  });
  return [
    post("register", (call) => register(tailnet, readJson(call, registrationForm))),
    post("login", (call) => login(tailnet, readJson(call, loginForm))),
    post("map", (call) => map(tailnet, readJson(call, form.map))),
    post("filter", (call) => filter(tailnet, readJson(call, form.filter))),
    post("logout", (call) => {
      const device = find(tailnet, readJson(call, form.logout).nodeKey);
      tailnet.store.change(({ devices }) => delete devices[device.id]);
      return {};
    }),
  ];
}

function map(tailnet: Tailnet, asked: z.infer<typeof form.map>): unknown {
  const device = find(tailnet, asked.nodeKey);
  if (isExpired(tailnet, device)) throw new ApiError(401, "node key expired");
  const advertised = readRoutes(asked.routes);
  tailnet.presence.hear(device);
  if (changes(device, asked, advertised))
    tailnet.store.change(() => {
      rename(tailnet, device, asked.hostname);
      advertise(tailnet, device, advertised, asked.exitNode);
    });
  const { dns } = tailnet.store.state;
  return {
    addresses: addressesOf(device.number),
    name: nameOf(tailnet, device),
    enabledRoutes: routesInUse(tailnet, device),
    dns: {
      splitDns: splitView(dns),
      nameservers: dns.nameservers.map(({ address }) => address),
      magicDNS: dns.magicDns,
      suffix: tailnet.suffix,
    },
    peers: peersOf(tailnet, device),
  };
}

function changes(
  device: StoredDevice,
  { hostname, exitNode }: z.infer<typeof form.map>,
  advertised: readonly string[],
): boolean {
  const exits = device.advertisedRoutes.includes("0.0.0.0/0");
  const own = device.advertisedRoutes.filter((route) => !exitRoutes.includes(route));
  const same = own.length === advertised.length && own.every((route) => advertised.includes(route));
  return device.hostname !== hostname || exits !== exitNode || !same;
}

/**
 * Whether one device reaches another, or something through it: by the policy, and only through the one that carries the route. The
 * real server sends each device the rules that concern it, and what none of them lets through its packet filter drops
 * (tailscale/tailscale, wgengine/filter); of several with a route all others are told the one that carries it, and ask no other.
 */
function filter(tailnet: Tailnet, asked: z.infer<typeof form.filter>): unknown {
  const through = find(tailnet, asked.nodeKey);
  const from = tailnet.store.state.devices[asked.from];
  if (from === undefined) throw new ApiError(404, `there is no device ${asked.from}`);
  const [, address = "", port = ""] = /^([0-9.]+):([0-9]{1,5})$/.exec(asked.to) ?? [];
  const network = parseIpNetwork(address);
  if (network === undefined) throw new ApiError(400, `to: "${asked.to}" is no ADDRESS:PORT`);
  const attempt = { to: { kind: "network", network }, protocol: tcp, port: Number(port) } as const;
  const policy = tailnet.policy();
  const lets = subjectsOf(identityOf(from)).some((subject) =>
    allows(policy, tailnet, { from: subject, ...attempt }),
  );
  // No device here has chosen an exit node.
  const routes = routesInUse(tailnet, through).filter((route) => !exitRoutes.includes(route));
  const carries = [...addressesOf(through.number), ...routes].some((route) => {
    const outer = parseIpNetwork(route);
    return outer !== undefined && contains(outer, network);
  });
  return { lets: from.authorized && carries && lets };
}

/** IANA's number; connections are all that the lab's devices make. */
const tcp = 6;

const identityOf = ({ number, tags, user }: StoredDevice): Identity => ({
  addresses: addressesOf(number),
  tags,
  user,
});

/** Devices that the policy lets this one talk to, or be talked to by. */
function peersOf(tailnet: Tailnet, device: StoredDevice): unknown[] {
  const policy = tailnet.policy();
  const own = identityOf(device);
  return Object.values(tailnet.store.state.devices)
    .filter((peer) => peer.id !== device.id && peer.authorized && device.authorized)
    .filter((peer) =>
      [identityOf(peer)].some(
        (other) => connects(policy, tailnet, own, other) || connects(policy, tailnet, other, own),
      ),
    )
    .map((peer) => ({
      name: nameOf(tailnet, peer),
      addresses: addressesOf(peer.number),
      online: tailnet.presence.online(peer),
      enabledRoutes: routesInUse(tailnet, peer),
    }));
}

function find(tailnet: Tailnet, wanted: string): StoredDevice {
  const device = Object.values(tailnet.store.state.devices).find(
    (candidate) => candidate.nodeKey === wanted,
  );
  if (device === undefined) throw new ApiError(404, "node not found: it was removed or logged out");
  return device;
}
