import type { Changes } from "./sample.ts";

const routes = "homelab:tailnet.connector.routes";
const policy = "homelab:tailnet.policy";

/** Home sites with a tailnet that cannot work: what, path, advice, changes. */
export const brokenTailnets: readonly (readonly [string, string, RegExp, Changes])[] = [
  [
    "a Tailscale release of another form",
    "homelab:versions.tailscale",
    /such as 1\.102\.3/,
    { "versions.tailscale": "v1.102" },
  ],
  [
    "a tailnet without its release",
    "homelab:versions.tailscale",
    /is missing; homelab:tailnet needs it/,
    { "versions.tailscale": undefined },
  ],
  [
    "a tailnet without its operator's chart",
    "homelab:versions.tailscaleOperator",
    /is missing; homelab:tailnet needs it/,
    { "versions.tailscaleOperator": undefined },
  ],
  [
    "a tailnet without its client",
    "homelab:tailnet.oauth",
    /is missing/,
    { "tailnet.oauth": undefined },
  ],
  [
    "the client's id in place of its secret",
    "homelab:tailnet.oauth.clientSecret",
    /refer to the client's secret/,
    { "tailnet.oauth.clientSecret": "op://Homelab/Tailscale/client-id" },
  ],
  [
    "a route of tailnet addresses",
    `${routes}[0]`,
    /100\.64\.0\.0\/10.*leave it out/,
    { "tailnet.connector.routes": ["100.64.3.0/24", "192.168.1.0/24"] },
  ],
  [
    "a default route",
    `${routes}[1]`,
    /exit node's route; set `exitNode: true` instead/,
    { "tailnet.connector.routes": ["192.168.1.0/24", "0.0.0.0/0"] },
  ],
  [
    "a route with host bits",
    `${routes}[0]`,
    /use 192\.168\.1\.0\/24$/,
    { "tailnet.connector.routes": ["192.168.1.9/24"] },
  ],
  [
    "one route inside another",
    `${routes}[1]`,
    /overlaps 192\.168\.0\.0\/20 of the same list; keep one/,
    {
      "tailnet.connector.routes": ["192.168.0.0/20", "192.168.1.0/24"],
      "tailnet.policy.sites": {},
    },
  ],
  [
    "a connector called like a machine",
    "homelab:tailnet.connector.name",
    /is also homelab:machines\[1\].*choose another/,
    { "tailnet.connector.name": "proxmox-tank" },
  ],
  [
    "a connector's name that is no label",
    "homelab:tailnet.connector.name",
    /RFC 1123/,
    { "tailnet.connector.name": "Connector_0" },
  ],
  [
    "split DNS that nobody away can reach",
    "homelab:tailnet.splitDns[0]",
    /10\.9\.9\.9 .*add its network to connector\.routes/,
    { "tailnet.splitDns": ["10.9.9.9"] },
  ],
  [
    "a gateway that answers DNS out of reach",
    routes,
    /192\.168\.1\.1 .*name another in splitDns/,
    { "tailnet.connector.routes": ["10.43.0.0/16"] },
  ],
  [
    "a policy without admins",
    `${policy}.admins`,
    /expected array to have >=1 items/,
    { "tailnet.policy.admins": [] },
  ],
  [
    "an admin who is no address",
    `${policy}.admins[0]`,
    /use an e-mail address/,
    { "tailnet.policy.admins": ["admin"] },
  ],
  [
    "a member named twice",
    `${policy}.groups.group:family[1]`,
    /remove the repetition/,
    { "tailnet.policy.groups.group:family": ["a@example.net", "a@example.net"] },
  ],
  [
    "a group without members",
    `${policy}.groups.group:guests`,
    /name somebody, or remove the group/,
    { "tailnet.policy.groups.group:guests": [] },
  ],
  [
    "a group in the program's name",
    `${policy}.groups.group:admins`,
    /put its members there/,
    { "tailnet.policy.groups.group:admins": ["a@example.net"] },
  ],
  [
    "a group's name without its prefix",
    `${policy}.groups.family`,
    /such as group:family/,
    { "tailnet.policy.groups": { family: ["a@example.net"] } },
  ],
  [
    "a grant to a group that is not there",
    `${policy}.grants[0]`,
    /group:friends is no group .*use one of group:admins, group:family/,
    { "tailnet.policy.grants": [{ src: ["group:friends"], dst: ["*"], ip: ["*"] }] },
  ],
  [
    "a test of a group that is not there",
    `${policy}.tests[0]`,
    /group:friends is no group/,
    { "tailnet.policy.tests": [{ src: "group:friends", accept: ["10.43.0.1:443"] }] },
  ],
  [
    "the stack's own site among the others",
    `${policy}.sites.home`,
    /list the other stacks only/,
    { "tailnet.policy.sites": { home: { routes: ["10.77.0.0/16"] } } },
  ],
  [
    "another site with this one's network",
    `${policy}.sites.cabin.routes[0]`,
    /overlaps 10\.42\.0\.0\/16.*give each site networks of its own/,
    { "tailnet.policy.sites": { cabin: { routes: ["10.42.8.0/24"] } } },
  ],
  [
    "two other sites with one network",
    `${policy}.sites.shed.routes[0]`,
    /sites\.cabin\.routes; .*networks of its own/,
    { "tailnet.policy.sites.shed": { routes: ["10.52.0.0/20"] } },
  ],
  [
    "another site with a default route",
    `${policy}.sites.cabin.routes[0]`,
    /set the site's `exitNode: true`/,
    { "tailnet.policy.sites": { cabin: { routes: ["0.0.0.0/0"] } } },
  ],
  [
    "an adopted policy without its checksum",
    `${policy}.adopt`,
    /64 hex digits/,
    { "tailnet.policy.adopt": "yes" },
  ],
];
