import type { Problem } from "../../../components/problem.ts";
import type { SiteConfig } from "../../schema.ts";
import { contains, tailscaleDevices } from "../../../components/network/cidr.ts";
import { connectorDevices } from "../../../components/tailnet/connector.ts";
import { podHosts } from "../machines/nodes.ts";
import { connectorRoutes, repeatedRoutes, routeProblems } from "./routes.ts";
import { checkPolicy } from "./policy-checks.ts";
import { checkHostnames } from "./hostnames-checks.ts";
import { checkProxies } from "./proxies-checks.ts";

type Tailnet = NonNullable<SiteConfig["tailnet"]>;

/** Private networks (RFC 1918). */
const privateNetworks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

/** What the connector offers can be routed, and the tailnet's policy fits the site. */
export function checkTailnet(config: SiteConfig, stack: string): readonly Problem[] {
  const { tailnet } = config;
  if (tailnet === undefined) return [];
  const path = "homelab:tailnet.connector.routes";
  return [
    ...connectorName(config, tailnet),
    ...connectorReplicas(config, tailnet),
    ...(tailnet.connector.routes ?? []).flatMap((cidr, i) =>
      routeProblems(`${path}[${i}]`, cidr, "set `exitNode: true` instead"),
    ),
    ...repeatedRoutes(path, tailnet.connector.routes ?? []),
    ...nameservers(config, tailnet),
    ...checkProxies(config, tailnet, stack),
    ...checkHostnames(config),
    ...checkPolicy(config, tailnet, stack),
  ];
}

/** A device whose name is taken gets a number behind it, and nobody finds it. */
function connectorName({ machines }: SiteConfig, { connector }: Tailnet): readonly Problem[] {
  const path = "homelab:tailnet.connector.name";
  return connectorDevices(connector).flatMap((device) => {
    const machine = machines.findIndex(({ name }) => name === device);
    const long =
      device.length > 63 ? [{ path, text: `${device} has more than 63 characters` }] : [];
    if (machine === -1) return long;
    const text = `${device} is also homelab:machines[${machine}], a device of the tailnet too; choose another`;
    return [{ path, text }];
  });
}

/** More of them than hosts that take pods would find no place. */
function connectorReplicas({ machines }: SiteConfig, { connector }: Tailnet): readonly Problem[] {
  // A site whose machines run no pods at all is refused for that.
  const hosts = Math.max(1, podHosts(machines).size);
  if (connector.replicas <= hosts) return [];
  const stand = hosts === 1 ? "pods run on one" : `pods run on ${hosts}`;
  const text = `${connector.replicas} devices need as many hosts, and ${stand}; use at most ${hosts}`;
  return [{ path: "homelab:tailnet.connector.replicas", text }];
}

/** Devices away from home reach a private nameserver only through the connector. */
function nameservers(config: SiteConfig, tailnet: Tailnet): readonly Problem[] {
  const routes = [...connectorRoutes(config, tailnet), tailscaleDevices];
  const given = tailnet.splitDns?.map((address, i) => ({
    path: `homelab:tailnet.splitDns[${i}]`,
    address,
  }));
  const path = "homelab:tailnet.connector.routes";
  const used = given ?? [{ path, address: config.site.gateway }];
  return used
    .filter(
      ({ address }) =>
        privateNetworks.some((cidr) => contains(cidr, address)) &&
        !routes.some((cidr) => contains(cidr, address)),
    )
    .map(({ path: where, address }) => ({
      path: where,
      text: `the nameserver ${address} is in no network that the connector advertises; add its network to connector.routes, or name another in splitDns`,
    }));
}
