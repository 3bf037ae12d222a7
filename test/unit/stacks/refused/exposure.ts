import type { RefusedSites } from "./index.ts";

const lan = { host: "typeo.home.arpa", to: "lan" };
const tailnet = { host: "play.home.arpa", to: "tailnet" };
const open = { host: "play.example.net", to: "public", access: ["family"] };
const port = { namespace: "photos", service: "photos", port: 80 };
const route = { hostnames: ["typeo.home.arpa"], namespace: "photos", service: "photos", port: 80 };
const expose = (...entries: readonly object[]) => ({ "apps.typeo.expose": entries });
const inside = { "gateway.internal.enabled": true };
const statusPage = (door: object) => ({ image: "nginx-unprivileged", version: "1.29.4", ...door });
const at = (rest: string): string => `homelab:apps.typeo.expose${rest}`;

/** Names of applications for the LAN, the tailnet and the internet. */
export const exposure: RefusedSites = {
  "the page of the site's status for the LAN": {
    edit: {
      ...inside,
      "apps.status": statusPage({ expose: [{ ...lan, host: "status.home.arpa" }] }),
    },
    at: "homelab:apps.status.expose[0].to",
    says: /status is for tailnet alone/,
  },
  "the page of the site's status on the internet": {
    edit: { "apps.status": statusPage({ hostname: "status.example.net", access: ["family"] }) },
    at: "homelab:apps.status.hostname",
    says: /status is for tailnet alone/,
  },
  "a name for nobody": {
    edit: expose({ host: "typeo.home.arpa" }),
    at: at("[0].to"),
    says: /is missing|lan.*tailnet.*public/,
  },
  "a name for an audience that there is not": {
    edit: expose({ ...lan, to: "internet" }),
    at: at("[0].to"),
    says: /lan.*tailnet.*public/,
  },
  "an exposure without a name": { edit: expose({ to: "lan" }), at: at("[0].host"), says: /./ },
  "a misspelt key of an exposure": {
    edit: expose({ ...open, acces: ["family"] }),
    at: at("[0].acces"),
    says: /unknown key/,
  },
  "a wildcard for the LAN": {
    edit: expose({ ...lan, host: "*.home.arpa" }),
    at: at("[0].host"),
    says: /lower-case DNS name/,
  },
  "a name for the LAN in capitals": {
    edit: expose({ ...lan, host: "Typeo.home.arpa" }),
    at: at("[0].host"),
    says: /lower-case DNS name/,
  },
  "a single word as a name for the LAN": {
    edit: expose({ ...lan, host: "typeo" }),
    at: at("[0].host"),
    says: /is not below home\.arpa and example\.net; use a name such as typeo\.home\.arpa/,
  },
  "a name for the LAN in a domain that is not the site's": {
    edit: expose({ ...lan, host: "typeo.example.org" }),
    at: at("[0].host"),
    says: /use a name such as typeo\.home\.arpa/,
  },
  "the site's domain itself as a name": {
    edit: expose({ ...lan, host: "home.arpa" }),
    at: at("[0].host"),
    says: /home\.arpa is not below home\.arpa/,
  },
  "a name for the LAN that no certificate covers": {
    edit: expose({ ...lan, host: "a.typeo.home.arpa" }),
    at: at("[0].host"),
    says: /not covered by a certificate of \*\.home\.arpa; use one label, as a-typeo\.home\.arpa/,
  },
  "a name for the tailnet that its devices ask others for": {
    edit: { ...inside, ...expose({ ...tailnet, host: "play.example.net" }) },
    at: at("[0].host"),
    says: /home\.arpa, for whose names alone .*use a name such as play\.home\.arpa/,
  },
  "a name for the tailnet without its gateway": {
    edit: expose(tailnet),
    at: at("[0].to"),
    says: /set homelab:gateway\.internal\.enabled, or use to: lan/,
  },
  "a name for a tailnet that is not there": {
    edit: { tailnet: undefined, ...expose(tailnet) },
    at: at("[0].to"),
    says: /add homelab:tailnet, or use to: lan/,
  },
  "a name for the LAN without gateways": {
    edit: { "gateway.enabled": false, ...expose(lan) },
    at: at("[0].host"),
    says: /homelab:gateway is switched off; switch it on, or remove the entry/,
  },
  "Access in front of a name for the LAN": {
    edit: expose({ ...lan, access: ["family"] }),
    at: at("[0].access"),
    says: /this one is for lan; remove it, or use to: public/,
  },
  "a reason for no Access at a name for the tailnet": {
    edit: { ...inside, ...expose({ ...tailnet, withoutAccess: "only we are there" }) },
    at: at("[0].withoutAccess"),
    says: /this one is for tailnet; remove it/,
  },
  "a name for the LAN twice": {
    edit: expose(lan, lan),
    at: at("[1].host"),
    says: /is for lan already \(homelab:apps\.typeo\.expose\[0\]\.host\)/,
  },
  "one name with two addresses at home": {
    edit: { ...inside, ...expose(lan, { ...lan, to: "tailnet" }) },
    at: at("[1].host"),
    says: /leave one of lan and tailnet out/,
  },
  "a name that a route has": {
    edit: { ...expose(lan), "gateway.routes.photos": route },
    at: at("[0].host"),
    says: /is homelab:gateway\.routes\.photos's already/,
  },
  "a name that a machine has": {
    edit: expose({ ...lan, host: "stone.home.arpa" }),
    at: at("[0].host"),
    says: /stone\.home\.arpa is already homelab:proxmox\.hosts\[0\]/,
  },
  "a name that is written for something else": {
    edit: { ...expose(lan), "names.entries": { typeo: { address: "192.168.1.6" } } },
    at: at("[0].host"),
    says: /typeo\.home\.arpa is already homelab:names\.entries\.typeo/,
  },
  "a further public name open to everybody": {
    edit: expose({ ...open, access: [] }),
    at: at("[0].access"),
    says: /everybody on the internet could reach play\.example\.net; .*withoutAccess/,
  },
  "a further public name both open and guarded": {
    edit: expose({ ...open, withoutAccess: "the school uses it" }),
    at: at("[0].withoutAccess"),
    says: /remove one$/,
  },
  "a further public name for a policy that is not there": {
    edit: expose({ ...open, access: ["friends"] }),
    at: at("[0].access[0]"),
    says: /known are family/,
  },
  "a further public name in another zone": {
    edit: expose({ ...open, host: "play.home.arpa" }),
    at: at("[0].host"),
    says: /use a name such as play\.example\.net/,
  },
  "a further public name that Cloudflare's certificate does not cover": {
    edit: expose({ ...open, host: "a.play.example.net" }),
    at: at("[0].host"),
    says: /use a-play\.example\.net, or order an advanced certificate/,
  },
  "the public name of `hostname` once more": {
    edit: expose({ ...open, host: "typeo.example.net" }),
    at: at("[0].host"),
    says: /published twice/,
  },
  "a further public name without an edge": {
    edit: { edge: undefined, "apps.typeo.hostname": undefined, ...expose(open) },
    at: at("[0].host"),
    says: /add homelab:edge, or remove the entry/,
  },
  "a way past the gateway to a name that it serves": {
    edit: {
      ...expose(lan),
      "apps.typeo.egress": [{ names: ["typeo.home.arpa"], ports: [443] }],
    },
    at: "homelab:apps.typeo.egress[0].names[0]",
    says: /use gateway: true/,
  },
  "TCP on the internet": {
    edit: { "gateway.routes.mqtt": { ...port, kind: "tcp", gateway: "public", listener: "mqtt" } },
    at: "homelab:gateway.routes.mqtt.listener",
    says: /gateway public has no listener mqtt for tcp; it has: none/,
  },
  "UDP on the internet": {
    edit: { "gateway.routes.clock": { ...port, kind: "udp", gateway: "public" } },
    at: "homelab:gateway.routes.clock.listener",
    says: /is missing; gateway public has for udp: none/,
  },
  "TLS that is passed through on the internet": {
    edit: {
      "gateway.routes.mail": {
        ...{ ...port, kind: "tls", gateway: "public", hostnames: ["mail.example.net"] },
        withoutAccess: "mail has a login of its own",
      },
    },
    at: "homelab:gateway.routes.mail.listener",
    says: /is missing; gateway public has for tls: none/,
  },
  "a page without a name": {
    edit: { "gateway.routes.photos": port },
    at: "homelab:gateway.routes.photos.hostnames",
    says: /is missing; say which names it is for/,
  },
  "TCP by a name": {
    edit: {
      "gateway.lan.listeners": [{ name: "mqtt", port: 1883, protocol: "tcp" }],
      "gateway.routes.mqtt": {
        ...{ ...port, kind: "tcp", listener: "mqtt", hostnames: ["mqtt.home.arpa"] },
      },
    },
    at: "homelab:gateway.routes.mqtt.hostnames",
    says: /tcp knows no names; remove them/,
  },
  "Access in front of TCP": {
    edit: {
      "gateway.lan.listeners": [{ name: "mqtt", port: 1883, protocol: "tcp" }],
      "gateway.routes.mqtt": { ...port, kind: "tcp", listener: "mqtt", access: ["family"] },
    },
    at: "homelab:gateway.routes.mqtt.access",
    says: /concerns public names, and gateway lan has none/,
  },
  "an address of the tailnet's gateway that the LAN gave": {
    edit: { ...inside, "gateway.internal.address": "192.168.1.80" },
    at: "homelab:gateway.internal.address",
    says: /of 100\.64\.0\.0\/10; use what the admin console shows/,
  },
  "an address of a gateway for the tailnet that is not there": {
    edit: { "gateway.internal.address": "100.101.102.103" },
    at: "homelab:gateway.internal.address",
    says: /set enabled: true beside it, or remove it/,
  },
  "Grafana for everybody": {
    edit: {
      "gateway.routes.grafana": {
        ...{
          gateway: "public",
          hostnames: ["grafana.example.net"],
          withoutAccess: "it has a login",
        },
        ...{ namespace: "monitoring", service: "monitoring-grafana", port: 80 },
      },
    },
    at: "homelab:gateway.routes.grafana.withoutAccess",
    says: /would show Grafana .* to everybody on the internet; name policies under `access`/,
  },
  "all logs for everybody": {
    edit: {
      "gateway.routes.logs": {
        ...{ gateway: "public", hostnames: ["logs.example.net"], withoutAccess: "it is handy" },
        ...{ namespace: "loki", service: "loki", port: 3100 },
      },
    },
    at: "homelab:gateway.routes.logs.withoutAccess",
    says: /would show logs to everybody on the internet; name policies under `access`/,
  },
  "the cluster's API for everybody": {
    edit: {
      "gateway.routes.api": {
        ...{ gateway: "public", hostnames: ["api.example.net"], withoutAccess: "it has a login" },
        ...{ namespace: "default", service: "kubernetes", port: 443 },
      },
    },
    at: "homelab:gateway.routes.api.withoutAccess",
    says: /would show the cluster itself to everybody/,
  },
};
