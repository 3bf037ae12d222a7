/** The tailnet: what its OAuth client may do, what was left there, and whether the Connector's routes are in use. */
import { ServiceError } from "../../../components/http/service-error.ts";
import { connectorDevices, type ConnectorPlan } from "../../../components/tailnet/connector.ts";
import {
  operatorCharts,
  operatorHostname,
  tailscaleDownloads,
} from "../../../components/tailnet/operator-values.ts";
import { groupName } from "../../../components/tailnet/proxy-plan.ts";
import { siteTags } from "../../../components/tailnet/tags.ts";
import { TailscaleApi } from "../../../components/tailnet/tailscale-api.ts";
import type { RoutedDevice } from "../../../components/tailnet/tailscale-types.ts";
import { blind, type Check } from "../../doctor/check.ts";
import type { Examined } from "../../doctor/examined.ts";
import { ok, problem, warning, type Finding } from "../../doctor/finding.ts";
import { judgeGroup } from "./doctor/groups.ts";
import { judgeTailnetLeftovers } from "./doctor/leftovers.ts";
import { judgeScopes } from "./doctor/scopes.ts";
import { connectorPlan } from "./look.ts";
import { neededScopes } from "./scopes.ts";
import { chart, indexOf, type Release } from "../../doctor/releases.ts";
import type { SiteConfig } from "../../schema.ts";

/** Tailscale for the machines, and the operator's chart. */
export function tailnetReleases({ tailnet }: Pick<SiteConfig, "tailnet">): readonly Release[] {
  if (tailnet === undefined) return [];
  const { version, operator } = tailnet;
  return [
    {
      subject: `tailscale ${version}`,
      url: `${tailscaleDownloads}/stable/tailscale_${version}_amd64.tgz.sha256`,
      path: "homelab:versions.tailscale",
      // A chart of the operator has the number of Tailscale's release (tailscale/tailscale cmd/k8s-operator/deploy/chart).
      chart: { name: "tailscale-operator", version, index: indexOf(operatorCharts) },
    },
    chart(
      operatorCharts,
      "tailscale-operator",
      operator.chart,
      "homelab:versions.tailscaleOperator",
    ),
  ];
}

/** None without a tailnet. */
export function tailnetChecks(site: Examined): readonly Check[] {
  const { name, config, ids, isUp } = site;
  const { tailnet } = config;
  if (tailnet === undefined) return [];
  const api = apiOf(site);
  if (api === undefined) return [blind("tailnet")];
  const plan = connectorPlan(config, tailnet);
  const names = config.machines.map((machine) => machine.name);
  const owner =
    tailnet.policy === undefined
      ? "the stack that owns the policy must list them under homelab:tailnet.policy.sites; then its npm run up. "
      : `npm run up -- --stack ${name} --refresh puts the policy back, whose autoApprovers cover them. `;
  const approve =
    "Routes that were advertised before are approved by hand: admin console > Machines > Edit route settings";
  return [
    { subject: "tailnet, scopes", run: () => checkTailnetScopes(api) },
    {
      subject: "tailnet, scopes to write",
      run: async () => [judgeScopes(await api.scopes(), neededScopes(tailnet))],
    },
    {
      subject: "tailnet, HTTPS",
      run: async () => [judgeHttps(await api.httpsEnabled(), tailnet.https)],
    },
    {
      subject: "tailnet, leftovers",
      run: async () => {
        const [devices, keys] = await Promise.all([api.devices(), api.keys()]);
        // The client that the stack works with is no leftover, whatever tags it carries.
        const known = new Set([...ids, site.known.get("homelab:tailnet.oauth.clientId") ?? ""]);
        return judgeTailnetLeftovers(name, isUp ? names : [], devices, keys, known);
      },
    },
    {
      subject: `Connector ${plan.name}`,
      run: async () =>
        isUp
          ? judgeConnector(name, plan, await api.routedDevices(), owner + approve)
          : [ok(`Connector ${plan.name}`, "was not made yet")],
    },
    ...(isUp ? (tailnet.proxies?.groups ?? []) : []).map((group) => ({
      subject: `ProxyGroup ${groupName(group.type)}`,
      run: async () => [judgeGroup(name, group, await api.devices())],
    })),
  ];
}

/** The one thing that needs certificates is the operator's API server proxy, and a tailnet has none by itself. */
export function judgeHttps(enabled: boolean | undefined, wanted: boolean): Finding {
  const subject = "tailnet, HTTPS";
  const needs = "`tailscale configure kubeconfig` needs them";
  if (enabled === undefined)
    return ok(subject, `cannot be seen without the scope networking_settings:read; ${needs}`);
  if (enabled) return ok(subject, "certificates are on");
  const text = `certificates are off, and ${needs}`;
  return wanted
    ? problem(subject, `${text}; homelab:tailnet.https is set`, "npm run up -- --refresh")
    : ok(subject, `${text}: set homelab:tailnet.https, which makes names of devices public`);
}

/** Undefined without a tailnet, or when its OAuth client cannot be read. */
export function apiOf({
  config: { tailnet },
  known,
}: Pick<Examined, "config" | "known">): TailscaleApi | undefined {
  const clientId = known.get("homelab:tailnet.oauth.clientId");
  const clientSecret = known.get("homelab:tailnet.oauth.clientSecret");
  if (tailnet === undefined || clientId === undefined || clientSecret === undefined) {
    return undefined;
  }
  return new TailscaleApi({ tailnet: tailnet.tailnet, clientId, clientSecret });
}

type Api = Pick<TailscaleApi, "policy" | "keys" | "devices" | "splitDns">;

/**
 * Reads once under each scope that docs/tailnet.md lists, but for `services`: a tailnet that has none may answer as to a
 * client without it (tailscale/tailscale#19471).
 */
export async function checkTailnetScopes(api: Api): Promise<readonly Finding[]> {
  const reads: readonly (readonly [string, () => Promise<unknown>])[] = [
    ["policy_file", () => api.policy()],
    ["auth_keys and oauth_keys", () => api.keys()],
    ["devices:core", () => api.devices()],
    ["dns", () => api.splitDns()],
  ];
  return Promise.all(
    reads.map(async ([scope, read]): Promise<Finding> => {
      const subject = `tailnet, scope ${scope}`;
      try {
        await read();
        return ok(subject, "reads");
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        const refused = error.kind === "unauthorized" || error.kind === "missing";
        const text = error.message;
        return refused
          ? problem(subject, text, "give the OAuth client the scopes that docs/tailnet.md lists")
          : warning(subject, text, "run the doctor again in a while");
      }
    }),
  );
}

/** Forms of the exit node's routes; Tailscale approves both or none. */
const exit = ["0.0.0.0/0", "::/0"];

/**
 * Whether the Connector's devices are there and the policy approves what they advertise. While one of several is there, the
 * tailnet has its way in.
 * @param plan routes of the config; the exit node apart
 */
export function judgeConnector(
  site: string,
  plan: ConnectorPlan,
  devices: readonly RoutedDevice[],
  remedy: string,
): readonly Finding[] {
  const tag = siteTags(site).connector;
  const names = connectorDevices(plan);
  const own = devices.filter(
    ({ tags, hostname }) => tags.includes(tag) && names.includes(hostname),
  );
  return names.flatMap((name) => {
    const found = own.filter(({ hostname }) => hostname === name);
    if (found.length > 0) return found.flatMap((device) => judgeRouter(site, plan, device, remedy));
    const finding = own.length > 0 ? warning : problem;
    const rest =
      own.length > 0
        ? `; ${own.map(({ hostname }) => hostname).join(", ")} carries its routes`
        : "";
    return [
      finding(
        `Connector ${name}`,
        `is no device of the tailnet${rest}`,
        // The operator gives a login one key, with its Secret, and no other one while that is there (cmd/k8s-operator/sts.go, provisionSecrets).
        `if it was one before, its login is lost and does not come back by itself: from the LAN, kubectl delete connector ${plan.name}, ` +
          `then npm run up -- --stack ${site} --refresh. Else: kubectl -n tailscale logs -l tailscale.com/parent-resource=${plan.name} -c tailscale, ` +
          `and logs deployment/operator (${operatorHostname(site)})`,
      ),
    ];
  });
}

/** Whether one of its devices advertises everything, and all of that is approved. */
function judgeRouter(
  site: string,
  plan: ConnectorPlan,
  { id, hostname, name, advertised, enabled }: RoutedDevice,
  remedy: string,
): readonly Finding[] {
  const subject = `Connector ${hostname}`;
  const [called = ""] = name.split(".");
  const wanted = [...plan.routes, ...(plan.exitNode ? exit : [])];
  const silent = wanted.filter((route) => !advertised.includes(route));
  const waiting = advertised.filter((route) => !enabled.includes(route));
  const found: Finding[] = [];
  // Another name is one that somebody gave it in the admin console.
  if (called.startsWith(`${hostname}-`) && /-\d+$/.test(called)) {
    found.push(
      warning(
        subject,
        `is called ${called} in the tailnet (device ${id}): another device had the name ${hostname} when it came`,
        `under Machines in the admin console, rename or remove the device ${hostname}, then give this one its name`,
      ),
    );
  }
  if (waiting.length > 0) {
    found.push(
      problem(
        subject,
        `advertises ${waiting.join(", ")}, and nobody approved that (device ${id})`,
        remedy,
      ),
    );
  }
  if (silent.length > 0) {
    found.push(
      warning(
        subject,
        `does not advertise ${silent.join(", ")} (device ${id})`,
        `kubectl describe connector ${plan.name}, then npm run up -- --stack ${site} --refresh`,
      ),
    );
  }
  return found.length > 0 ? found : [ok(subject, `${enabled.length} routes in use`)];
}
