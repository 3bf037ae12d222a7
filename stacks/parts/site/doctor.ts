/** Whether this workstation is fit: its networks beside the site's, and its clock. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { addressAt, contains, overlap } from "../../../components/network/cidr.ts";
import { poolNetworks } from "../../../components/network/pool.ts";
import type { SiteConfig } from "../../schema.ts";
import { answerProblem, ask } from "../../doctor/ask.ts";
import type { Check } from "../../doctor/check.ts";
import { checkOwnClock } from "../../doctor/clocks.ts";
import type { Examined } from "../../doctor/examined.ts";
import { ok, problem, warning, type Finding } from "../../doctor/finding.ts";

/** This workstation's networks and clock, and its way to services. */
export function siteChecks({ config, isUp }: Examined): readonly Check[] {
  return [
    { subject: "networks", run: () => checkRoutes(config) },
    ...(isUp
      ? [{ subject: "services through the tailnet", run: () => checkServices(config) }]
      : []),
    {
      subject: "this workstation's clock",
      run: () => checkOwnClock(["https://github.com/", config.proxmox.image.url], ask),
    },
  ];
}

/** A route as `ip -json -4 route` prints it. */
export interface RouteInForce {
  readonly dst: string;
  readonly dev?: string;
  readonly gateway?: string;
}

type Networks = Pick<SiteConfig, "site" | "network">;

/** Whether a route's destination, a network or a single address, shares an address with a network. */
const touches = (dst: string, cidr: string): boolean =>
  overlap(dst.includes("/") ? dst : `${dst}/32`, cidr);

/**
 * A route into one of the site's networks is fine when it goes to the site: over a gateway on its LAN, over the tailnet,
 * or, for the LAN, when this workstation stands on it.
 */
export function judgeRoutes(
  { site, network }: Networks,
  routes: readonly RouteInForce[],
): readonly Finding[] {
  const networks = [
    ["LAN", site.lan],
    ["pods", network.pods],
    ["services", network.services],
    // Announced by ARP they are a part of the LAN.
    ...(network.l2
      ? []
      : poolNetworks(network.loadBalancers).map((cidr) => ["load balancers", cidr] as const)),
  ] as const;
  return networks.map(([name, cidr]) => {
    const subject = `network ${name} ${cidr}`;
    const elsewhere = routes
      .filter(({ dst }) => dst !== "default" && /^[\d./]+$/.test(dst) && touches(dst, cidr))
      .filter((route) => !leadsToSite(route, cidr));
    if (elsewhere.length === 0) return ok(subject, "collides with no route in force here");
    const told = elsewhere.map(
      ({ dst, dev, gateway }) =>
        `${dst} ${gateway === undefined ? "" : `via ${gateway} `}dev ${dev ?? "?"}`,
    );
    return problem(
      subject,
      `is routed elsewhere on this workstation: ${told.join("; ")}`,
      "choose another network in the site file before the first up, or take that route away (a VPN, a container bridge)",
    );
  });

  function leadsToSite({ dst, dev = "", gateway }: RouteInForce, cidr: string): boolean {
    if (dev.startsWith("tailscale")) return true;
    if (gateway !== undefined) return contains(site.lan, gateway);
    return cidr === site.lan && (dst === site.lan || !dst.includes("/"));
  }
}

/** Whether this workstation stands in the LAN: one of its interfaces has an address in it. */
export const standsIn = (lan: string, routes: readonly RouteInForce[]): boolean =>
  routes.some(
    ({ dst, gateway, dev = "" }) =>
      gateway === undefined &&
      !dev.startsWith("tailscale") &&
      dst.includes("/") &&
      contains(dst, addressAt(lan, 0)),
  );

/**
 * Whether a workstation that stands in the LAN takes the way through the tailnet all the same. tailscaled's rule and table
 * come before the main table (tailscale/tailscale#1227), and there a route of any Connector that holds the LAN counts, or
 * the exit node's default (wgengine/router/osrouter/router_linux.go: justAddIPRules, addRoute, addThrowRoute).
 * @param ways what the kernel answers for the machines' addresses
 */
export function judgeDirectWay(lan: string, ways: readonly RouteInForce[]): readonly Finding[] {
  const detours = ways.filter(({ dev = "" }) => dev.startsWith("tailscale"));
  if (detours.length === 0) return [];
  return [
    warning(
      `way to the LAN ${lan}`,
      `this workstation stands in it, and reaches ${detours.map(({ dst }) => dst).join(", ")} through the tailnet all the same`,
      `sudo ip rule add to ${lan} priority 2500 lookup main; or tailscale set --accept-routes=false, and with an exit node ` +
        "tailscale set --exit-node-allow-lan-access",
    ),
  ];
}

/** Reads this workstation's routes, and asks the kernel for the way to the machines, which counts rules and all tables. */
async function checkRoutes({ machines, ...config }: SiteConfig): Promise<readonly Finding[]> {
  const { lan } = config.site;
  const routes = await ip<RouteInForce>("route", "show");
  const asked = standsIn(lan, routes) ? machines : [];
  const ways = await Promise.all(
    asked.map(({ address }) => ip<RouteInForce>("route", "get", address)),
  );
  return [...judgeRoutes(config, routes), ...judgeDirectWay(lan, ways.flat())];
}

/**
 * The API server's Service: the first address of the services (kubernetes, pkg/controlplane/apiserver/options/options.go,
 * ServiceIPRange).
 */
const apiService = (services: string): string => addressAt(services, 1);

/** Whether this workstation reaches an address by a route of Tailscale's; an exit node leads everywhere, and is none. */
export const leadsThroughTailnet = (address: string, routes: readonly RouteInForce[]): boolean =>
  routes.some(
    ({ dst, dev = "" }) =>
      dev.startsWith("tailscale") && dst.includes("/") && contains(dst, address),
  );

/** A ClusterIP that does not answer outside although the way is there. */
export function judgeService(address: string, reason: string | undefined): Finding {
  const subject = `ClusterIP ${address} through the tailnet`;
  if (reason === undefined) return ok(subject, "answers");
  return warning(
    subject,
    `does not answer: ${reason}`,
    "whose policy grants no services has no way; else kubectl -n kube-system get configmap cilium-config -o yaml must have " +
      'bpf-lb-external-clusterip: "true", and the Connector\'s routes be approved',
  );
}

/** Asks a service by its ClusterIP, where Tailscale leads this workstation to it. */
async function checkServices({ network }: Networks): Promise<readonly Finding[]> {
  const address = apiService(network.services);
  const routes = await ip<RouteInForce>("route", "show", "table", "all");
  if (!leadsThroughTailnet(address, routes)) return [];
  return [judgeService(address, await answerProblem(address, 443))];
}

async function ip<T>(...words: readonly string[]): Promise<readonly T[]> {
  const { stdout } = await promisify(execFile)("ip", ["-json", "-4", ...words], { timeout: 5_000 });
  return JSON.parse(stdout) as T[];
}
