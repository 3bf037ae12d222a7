import { isIPv4 } from "node:net";
import { contains, tailscaleDevices } from "../../../components/network/cidr.ts";
import type { Problem } from "../../../components/problem.ts";
import { connectorDevices } from "../../../components/tailnet/connector.ts";
import { operatorHostname } from "../../../components/tailnet/operator-values.ts";
import {
  defaultProxyClass,
  groupDevices,
  groupName,
  type ProxyGroupPlan,
} from "../../../components/tailnet/proxy-plan.ts";
import { policyTags } from "../../../components/tailnet/tags.ts";
import type { SiteConfig } from "../../schema.ts";
import { podHosts } from "../machines/nodes.ts";
import type { Egress } from "./proxies-schema.ts";

type Tailnet = NonNullable<SiteConfig["tailnet"]>;

/** Groups find hosts and names, and the policy can say what pods are to reach. */
export function checkProxies(
  config: SiteConfig,
  tailnet: Tailnet,
  stack: string,
): readonly Problem[] {
  const { proxies, egress } = tailnet;
  return [
    ...classNames(tailnet),
    ...(proxies?.groups ?? []).flatMap((group) => [
      ...replicas(config, group),
      ...devices(config, tailnet, group, stack),
    ]),
    ...metrics(config, tailnet),
    ...apiServer(config, tailnet, stack),
    ...Object.entries(egress).flatMap(([name, host]) => [
      ...serviceName(name),
      ...target(name, host),
      ...policyName(name, host, tailnet, stack),
      ...ports(name, host),
    ]),
    ...sameHosts(egress),
  ];
}

/** Key of a group in the site file. */
const keyOf = ({ type }: ProxyGroupPlan): string =>
  `homelab:tailnet.proxies.${type === "kube-apiserver" ? "apiServer" : type}`;

/** The Connector's class is called like the Connector, beside those of the groups. */
function classNames({ connector, proxies }: Tailnet): readonly Problem[] {
  const taken = [defaultProxyClass, ...(proxies?.groups ?? []).map(({ type }) => groupName(type))];
  if (proxies === undefined || !taken.includes(connector.name)) return [];
  const text = `${connector.name} is the name of a class of proxies too; choose another`;
  return [{ path: "homelab:tailnet.connector.name", text }];
}

/** More of them than hosts that take pods would find no place. */
function replicas({ machines }: SiteConfig, group: ProxyGroupPlan): readonly Problem[] {
  const hosts = Math.max(1, podHosts(machines).size);
  if (group.replicas <= hosts) return [];
  const stand = hosts === 1 ? "pods run on one" : `pods run on ${hosts}`;
  const text = `${group.replicas} devices need as many hosts, and ${stand}; use at most ${hosts}`;
  return [{ path: `${keyOf(group)}.replicas`, text }];
}

/** A device whose name is taken gets a number behind it. */
function devices(
  { machines }: SiteConfig,
  { connector }: Tailnet,
  group: ProxyGroupPlan,
  stack: string,
): readonly Problem[] {
  const own = [...machines.map(({ name }) => name), ...connectorDevices(connector)];
  return groupDevices(stack, group)
    .filter((device) => own.includes(device))
    .map((device) => ({
      path: keyOf(group),
      text: `its device ${device} has the name of a machine or of the Connector; give that one another name`,
    }));
}

/** The operator calls a class that asks for a ServiceMonitor invalid where that kind is missing (proxyclass.go). */
function metrics({ monitoring }: SiteConfig, { proxies }: Tailnet): readonly Problem[] {
  if (proxies?.class.metrics !== true || monitoring !== undefined) return [];
  const text = "there is no Prometheus that would ask; add homelab:monitoring, or leave it out";
  return [{ path: "homelab:tailnet.proxies.metrics", text }];
}

/** Its proxies are ready once they have a certificate for their name (api-server-proxy-pg.go, maybeAdvertiseServices). */
function apiServer(
  { machines }: SiteConfig,
  { proxies, connector, https }: Tailnet,
  stack: string,
): readonly Problem[] {
  const group = proxies?.groups.find(({ type }) => type === "kube-apiserver");
  if (proxies === undefined || group === undefined) return [];
  const path = keyOf(group);
  const taken = [
    ...machines.map(({ name }) => name),
    ...connectorDevices(connector),
    ...[operatorHostname(stack), `${stack}-gateway`],
    ...proxies.groups.flatMap((each) => groupDevices(stack, each)),
  ];
  const text = `${group.hostname ?? ""} is the name of a device of the site's; choose another`;
  const needs =
    "needs certificates of the tailnet, without which its proxies never become ready; set homelab:tailnet.https: true, which makes names of devices public";
  return [
    ...(https ? [] : [{ path, text: needs }]),
    ...(taken.includes(group.hostname ?? "") ? [{ path: `${path}.hostname`, text }] : []),
  ];
}

/** Services that the operator makes itself beside them: of the nameserver, and of each group's metrics. */
const operatorsServices = [
  "nameserver",
  ...(["ingress", "egress", "kube-apiserver"] as const).map((type) => `${groupName(type)}-metrics`),
];

function serviceName(name: string): readonly Problem[] {
  if (!operatorsServices.includes(name) && !name.startsWith("ts-")) return [];
  const text = `${name} is a name that the operator gives to Services of its own; choose another`;
  return [{ path: `homelab:tailnet.egress.${name}`, text }];
}

/**
 * What is behind a subnet router is out of reach: proxies that accept routes take those of their own pods' network as well, and
 * send answers there (tailscale issue 20620).
 */
function target(name: string, { fqdn, ip }: Egress[string]): readonly Problem[] {
  const path = `homelab:tailnet.egress.${name}`;
  if (fqdn !== undefined && ip !== undefined)
    return [{ path, text: "has both fqdn and ip; the operator takes one of them" }];
  if (fqdn !== undefined) return [];
  if (ip === undefined) return [{ path, text: "names no host; say fqdn or ip" }];
  if (contains(tailscaleDevices, ip)) return [];
  const text = `${ip} is no address of a tailnet, which are of ${tailscaleDevices}; use what the admin console shows of the host, or of another site's gateway for the tailnet, and reach hosts of a LAN by their own address`;
  return [{ path: `${path}.ip`, text }];
}

/** A policy names devices by tag, address and `hosts`, not by their names in the tailnet. */
function policyName(
  name: string,
  host: Egress[string],
  { policy }: Tailnet,
  stack: string,
): readonly Problem[] {
  const path = `homelab:tailnet.egress.${name}.as`;
  const { as, ip } = host;
  const problem = (text: string): readonly Problem[] => [{ path, text }];
  if (as === undefined)
    return ip !== undefined
      ? []
      : problem(
          "is missing; the tailnet's policy knows no device by its name there: say its tag, a name of policy.hosts or its address",
        );
  const sites = [stack, ...Object.keys(policy?.sites ?? {})];
  if (sites.flatMap(policyTags).includes(as))
    return problem(
      `${as} is a tag of a site's own devices, which no pod is to reach; give the host a tag of its own`,
    );
  if (policy === undefined) return [];
  const known = [
    ...policy.tags.map((tag) => `tag:${tag}`),
    ...Object.keys(policy.tagOwners),
    ...Object.keys(policy.hosts),
  ];
  if (known.includes(as) || as.startsWith("svc:") || isIPv4(as)) return [];
  return problem(
    as.startsWith("tag:")
      ? `${as} has no owner in the tailnet's policy; add ${as.slice("tag:".length)} to homelab:tailnet.policy.tags`
      : `${as} is no name of homelab:tailnet.policy.hosts; add it there, or use the host's tag or address`,
  );
}

/**
 * A name in the tailnet leads to one Service alone: of two, pods would find whichever the operator wrote last
 * (cmd/k8s-operator/dnsrecords.go, maybeProvision).
 */
function sameHosts(egress: Egress): readonly Problem[] {
  const named = Object.entries(egress).flatMap(([name, { fqdn }]) =>
    fqdn === undefined ? [] : [{ name, fqdn }],
  );
  return named.flatMap(({ name, fqdn }, i) => {
    const first = named.findIndex((other) => other.fqdn === fqdn);
    if (first === i) return [];
    const text = `${fqdn} is the host of ${named[first]?.name ?? ""} already, and its name can lead to one of them; list the ports there, or say ip in place of fqdn for those of another protocol`;
    return [{ path: `homelab:tailnet.egress.${name}.fqdn`, text }];
  });
}

function ports(name: string, { ports: listed }: Egress[string]): readonly Problem[] {
  return listed.flatMap((port, i) => {
    if (listed.indexOf(port) === i) return [];
    const path = `homelab:tailnet.egress.${name}.ports[${i}]`;
    return [{ path, text: `${port} is listed already; leave it out` }];
  });
}
