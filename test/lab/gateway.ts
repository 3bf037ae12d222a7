/** Home's gateway for the LAN, with what the suites have it listen to and route. */
import { setConfigs } from "./site.ts";
import { siteExists, siteIsUp } from "./states.ts";

/** Where it listens. */
export const gatewayAddress = "10.96.0.80";

/** Further listeners: their ports by protocol. */
export const ports = { tls: 9443, tcp: 9080, udp: 5353 } as const;

/** Names of routes: in the site's own domain, in the public zone, of what is passed through, and on the internet. */
export const routed = {
  own: "typeo.home.arpa",
  zone: "inside.example.net",
  passed: "control.home.arpa",
  internet: "albums.example.net",
} as const;

const listeners = "homelab:gateway.lan.listeners";
const routes = "homelab:gateway.routes";

/** A listener and a route of each kind, to what every site has: the application, the API, the cluster's DNS. */
const values = {
  ...under(`${listeners}[0]`, {
    ...{ name: "control", port: ports.tls, protocol: "tls", hostname: "*.home.arpa" },
  }),
  ...under(`${listeners}[1]`, { name: "typeo", port: ports.tcp, protocol: "tcp" }),
  ...under(`${listeners}[2]`, { name: "dns", port: ports.udp, protocol: "udp" }),
  ...under(`${routes}.typeo`, {
    ...{ "hostnames[0]": routed.own, "hostnames[1]": routed.zone },
    ...{ namespace: "typeo", service: "typeo", port: 8080 },
  }),
  ...under(`${routes}.control`, {
    ...{ kind: "tls", listener: "control", "hostnames[0]": routed.passed },
    ...{ namespace: "default", service: "kubernetes", port: 443 },
  }),
  ...under(`${routes}.stream`, {
    ...{ kind: "tcp", listener: "typeo" },
    ...{ namespace: "typeo", service: "typeo", port: 8080 },
  }),
  ...under(`${routes}.albums`, {
    ...{ gateway: "public", "hostnames[0]": routed.internet, "access[0]": "family" },
    ...{ namespace: "typeo", service: "typeo", port: 8080 },
  }),
  ...under(`${routes}.dns`, {
    ...{ kind: "udp", listener: "dns" },
    ...{ namespace: "kube-system", service: "rke2-coredns-rke2-coredns", port: 53 },
  }),
};

function under(
  path: string,
  keys: Readonly<Record<string, string | number>>,
): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(keys).map(([key, value]) => [`${path}.${key}`, value] as const),
  );
}

/**
 * Home is up with these listeners and routes. One run brings them for all suites that want them, and nobody takes them away:
 * they go with the site.
 */
export async function siteIsRouted(): Promise<void> {
  await siteExists();
  await setConfigs(values);
  await siteIsUp();
}
