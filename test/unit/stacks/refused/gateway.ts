import type { RefusedSites } from "./index.ts";

const route = { hostnames: ["photos.home.arpa"], namespace: "photos", service: "photos", port: 80 };
const mqtt = { name: "mqtt", port: 1883, protocol: "tcp" };

/** Gateways, what they listen to, and routes. */
export const gateway: RefusedSites = {
  "kinds of Envoy Gateway that nobody has pinned": {
    edit: { "versions.envoyGateway": "v1.8.0" },
    at: "homelab:versions.envoyGateway",
    says: /checksums .* are not known for v1\.8\.0; known are v1\.9\.0, v1\.9\.1/,
  },
  "an address of a gateway that nobody announces": {
    edit: { "gateway.lan.address": "192.168.1.80" },
    at: "homelab:gateway.lan.address",
    says: /192\.168\.1\.80 is not in 10\.96\.0\.0\/16/,
  },
  "a gateway at an address that no service gets": {
    edit: { "gateway.lan.address": "10.96.255.255" },
    at: "homelab:gateway.lan.address",
    says: /10\.96\.255\.255 is the first or the last of 10\.96\.0\.0\/16/,
  },
  "a gateway in a tailnet that is not there": {
    edit: { tailnet: undefined, "gateway.internal.enabled": true },
    at: "homelab:gateway.internal.enabled",
    says: /add homelab:tailnet, or switch it off/,
  },
  "fewer proxies at most than at least": {
    edit: { "gateway.proxies": { min: 4, max: 2 } },
    at: "homelab:gateway.proxies.max",
    says: /2 is less than the 4 of min/,
  },
  "two listeners of one port and protocol": {
    edit: { "gateway.lan.listeners": [mqtt, { ...mqtt, name: "other" }] },
    at: "homelab:gateway.lan.listeners[1]",
    says: /port 1883 is mqtt's for all names; use another port$/,
  },
  "a listener on the port of HTTPS": {
    edit: { "gateway.lan.listeners": [{ ...mqtt, port: 443 }] },
    at: "homelab:gateway.lan.listeners[0]",
    says: /port 443 is https-home-arpa's, which speaks HTTPS; TCP needs a port of its own/,
  },
  "two listeners of one name": {
    edit: { "gateway.lan.listeners": [{ ...mqtt, name: "http" }] },
    at: "homelab:gateway.lan.listeners[0]",
    says: /http is another listener's name/,
  },
  "a listener where proxies take HTTP inside their pods": {
    edit: { "gateway.lan.listeners": [{ ...mqtt, port: 10_080 }] },
    at: "homelab:gateway.lan.listeners[0].port",
    says: /10080 is where the proxies take 80 of http/,
  },
  "a listener on a port that proxies have for themselves": {
    edit: { "gateway.lan.listeners": [{ ...mqtt, port: 19_001 }] },
    at: "homelab:gateway.lan.listeners[0].port",
    says: /19001 is the proxies' own/,
  },
  "a name of a listener that has none": {
    edit: { "gateway.lan.listeners": [{ ...mqtt, hostname: "mqtt.home.arpa" }] },
    at: "homelab:gateway.lan.listeners[0].hostname",
    says: /tcp has no names/,
  },
  "a route to a gateway that is not there": {
    edit: { "gateway.routes.photos": { ...route, gateway: "internal" } },
    at: "homelab:gateway.routes.photos.gateway",
    says: /no gateway internal; set homelab:gateway\.internal\.enabled, or use one of lan, public/,
  },
  "a route to a listener that is not there": {
    edit: { "gateway.routes.photos": { ...route, listener: "https" } },
    at: "homelab:gateway.routes.photos.listener",
    says: /no listener https for http; it has: http, https-home-arpa, https-example-net/,
  },
  "a route to a listener of another protocol": {
    edit: {
      "gateway.lan.listeners": [mqtt],
      "gateway.routes.photos": { ...route, listener: "mqtt" },
    },
    at: "homelab:gateway.routes.photos.listener",
    says: /no listener mqtt for http/,
  },
  "a route of TCP without a listener": {
    edit: {
      "gateway.lan.listeners": [mqtt],
      "gateway.routes.mqtt": { ...route, kind: "tcp", hostnames: [] },
    },
    at: "homelab:gateway.routes.mqtt.listener",
    says: /is missing; gateway lan has for tcp: mqtt/,
  },
  "a route's name outside of the domains": {
    edit: { "gateway.routes.photos": { ...route, hostnames: ["photos.example.org"] } },
    at: "homelab:gateway.routes.photos.hostnames[0]",
    says: /outside of the domains of gateway lan; they are home\.arpa, example\.net/,
  },
  "a route's name that no wildcard covers": {
    edit: { "gateway.routes.photos": { ...route, hostnames: ["old.photos.home.arpa"] } },
    at: "homelab:gateway.routes.photos.hostnames[0]",
    says: /not covered by a certificate of \*\.home\.arpa; .* \*\.photos\.home\.arpa to homelab:certificates\.further/,
  },
  "a private name at the gateway of the internet": {
    edit: { "gateway.routes.photos": { ...route, gateway: "public" } },
    at: "homelab:gateway.routes.photos.hostnames[0]",
    says: /they are example\.net$/,
  },
  "two routes of one name": {
    edit: { "gateway.routes": { photos: route, pictures: route } },
    at: "homelab:gateway.routes.pictures.hostnames[0]",
    says: /photos\.home\.arpa is the route photos's already/,
  },
  "paths of one name and Service that let others pass": {
    edit: {
      "gateway.routes": {
        photos: route,
        admin: { ...route, path: "/admin", allow: ["192.168.1.0/24"] },
      },
    },
    at: "homelab:gateway.routes.admin.path",
    says: /the route photos leads to the same Service by the same name and lets others pass, and a slash written as %2F leads from one path to the other/,
  },
  "two routes of one TCP listener": {
    edit: {
      "gateway.lan.listeners": [mqtt],
      "gateway.routes": {
        one: { ...route, kind: "tcp", listener: "mqtt", hostnames: [] },
        two: { ...route, kind: "tcp", listener: "mqtt", hostnames: [] },
      },
    },
    at: "homelab:gateway.routes.two.listener",
    says: /mqtt has the route one already, and tcp cannot tell two apart/,
  },
  "a limit of all proxies without a Redis": {
    edit: {
      "gateway.routes.photos": {
        ...route,
        rateLimit: { requests: 10, per: "second", scope: "global" },
      },
    },
    at: "homelab:gateway.routes.photos.rateLimit.scope",
    says: /add homelab:gateway\.redis, or use local/,
  },
  "clients of the tailnet by their address": {
    edit: {
      "gateway.internal.enabled": true,
      "gateway.routes.photos": { ...route, gateway: "internal", allow: ["100.64.0.0/10"] },
    },
    at: "homelab:gateway.routes.photos.allow",
    says: /address of Tailscale's proxy; let homelab:tailnet\.policy\.grants say/,
  },
  "a count for each client of the tailnet": {
    edit: {
      "gateway.internal.enabled": true,
      "gateway.routes.photos": {
        ...{ ...route, gateway: "internal" },
        rateLimit: { requests: 10, per: "second", perClient: true },
      },
    },
    at: "homelab:gateway.routes.photos.rateLimit.perClient",
    says: /cannot tell clients apart/,
  },
  "clients by their address at a gateway announced by ARP": {
    edit: {
      ...{ "network.bgp": undefined, "network.l2": true },
      "network.loadBalancers": { start: "192.168.1.200", stop: "192.168.1.239" },
      "gateway.routes.photos": { ...route, allow: ["192.168.1.0/24"] },
    },
    at: "homelab:gateway.routes.photos.allow",
    says: /without homelab:network\.bgp they come with the address of the node/,
  },
  "a path of a route that has none": {
    edit: {
      "gateway.lan.listeners": [mqtt],
      "gateway.routes.mqtt": {
        ...{ ...route, kind: "tcp", listener: "mqtt", hostnames: [], path: "/api" },
      },
    },
    at: "homelab:gateway.routes.mqtt.path",
    says: /is for requests of http, and this route is tcp/,
  },
  "a route to the internet that says nothing of Access": {
    edit: {
      "gateway.routes.photos": { ...route, gateway: "public", hostnames: ["photos.example.net"] },
    },
    at: "homelab:gateway.routes.photos.access",
    says: /^everybody on the internet could reach photos\.example\.net; name policies of homelab:edge\.access/,
  },
  "a route to the internet with an Access policy that there is not": {
    edit: {
      "gateway.routes.photos": {
        ...{ ...route, gateway: "public", hostnames: ["photos.example.net"], access: ["guests"] },
      },
    },
    at: "homelab:gateway.routes.photos.access[0]",
    says: /^guests is not in homelab:edge\.access/,
  },
  "a route to the internet with an application's name": {
    edit: {
      "gateway.routes.photos": {
        ...{ ...route, gateway: "public", hostnames: ["typeo.example.net"], access: ["family"] },
      },
    },
    at: "homelab:gateway.routes.photos.hostnames[0]",
    says: /published twice/,
  },
  "a route to the internet deeper than Cloudflare's certificate": {
    edit: {
      "gateway.routes.photos": {
        ...{ ...route, gateway: "public", access: ["family"] },
        hostnames: ["a.photos.example.net"],
      },
    },
    at: "homelab:gateway.routes.photos.hostnames[0]",
    says: /use a-photos\.example\.net, or order an advanced certificate/,
  },
  "Access at a gateway that the internet does not reach": {
    edit: { "gateway.routes.photos": { ...route, access: ["family"] } },
    at: "homelab:gateway.routes.photos.access",
    says: /concerns public names, and gateway lan has none/,
  },
  "two doors of one name on the internet": {
    edit: {
      "gateway.routes.photos": {
        ...{ ...route, gateway: "public", hostnames: ["photos.example.net"], access: ["family"] },
      },
      "gateway.routes.shared": {
        ...{ ...route, gateway: "public", hostnames: ["photos.example.net"], path: "/shared" },
        withoutAccess: "shared albums, each behind a link",
      },
    },
    at: "homelab:gateway.routes.shared.access",
    says: /the route photos has the same name and another door/,
  },
};
