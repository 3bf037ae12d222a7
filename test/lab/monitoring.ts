/** A site's monitoring as people meet it: Prometheus and Alertmanager through the API server, and who is told outside. */
import assert from "node:assert/strict";
import { alertsChannel, heartbeatCheck } from "../../lab/world/inventory.ts";
import { kubectl, run } from "./command.ts";
import { ask } from "./world.ts";

/** What a Service of the namespace answers. */
const asked = async <T>(site: string, service: string, path: string): Promise<T> =>
  JSON.parse(
    await run`kubectl --context ${site} get --raw ${`/api/v1/namespaces/monitoring/services/http:${service}/proxy/${path}`}`,
  ) as T;

/** A place that Prometheus asks (https://prometheus.io/docs/prometheus/latest/querying/api/#targets). */
export interface Target {
  /** What named it: `serviceMonitor/NAMESPACE/NAME/N`, with the number of its endpoint. */
  readonly scrapePool: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly scrapeUrl: string;
  readonly health: string;
  readonly lastError: string;
}

/** All places that Prometheus asks now. */
export async function targets(site: string): Promise<readonly Target[]> {
  const { data } = await asked<{ data: { activeTargets: Target[] } }>(
    site,
    "monitoring-prometheus:9090",
    "api/v1/targets?state=active",
  );
  return data.activeTargets;
}

/** What names places to ask: each monitor's endpoints, as Prometheus calls them. */
export async function monitored(site: string): Promise<readonly string[]> {
  const kinds = ["servicemonitors", "podmonitors", "scrapeconfigs"];
  const names = kinds.map((kind) => `${kind}.monitoring.coreos.com`).join(",");
  const { items } = await kubectl<{ items: readonly Monitor[] }>`--context ${site} get ${names} -A`;
  return items.flatMap(({ kind, metadata: { namespace, name }, spec }) => {
    const pool = `${kind[0]?.toLowerCase() ?? ""}${kind.slice(1)}/${namespace}/${name}`;
    const ends = spec.endpoints ?? spec.podMetricsEndpoints;
    return ends === undefined ? [pool] : ends.map((_, i) => `${pool}/${i}`);
  });
}

interface Monitor {
  readonly kind: string;
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly spec: {
    readonly endpoints?: readonly unknown[];
    readonly podMetricsEndpoints?: readonly unknown[];
  };
}

/** Rules that cannot be evaluated, with why. */
export async function brokenRules(site: string): Promise<readonly string[]> {
  const { data } = await asked<{ data: { groups: { rules: Rule[] }[] } }>(
    site,
    "monitoring-prometheus:9090",
    "api/v1/rules",
  );
  const rules = data.groups.flatMap((group) => group.rules);
  assert.ok(rules.length > 100, `${rules.length} rules`);
  return rules
    .filter(({ health }) => health === "err")
    .map(({ name, lastError }) => `${name}: ${lastError}`);
}

interface Rule {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
}

/**
 * What fires now, and somebody would be told of. Figures of node-exporter are of the machine that the lab runs on, whose disk
 * and load are nobody's here.
 */
export async function firing(site: string): Promise<readonly string[]> {
  const { data } = await asked<{ data: { alerts: Alert[] } }>(
    site,
    "monitoring-prometheus:9090",
    "api/v1/alerts",
  );
  return data.alerts
    .filter(
      ({ state, labels }) =>
        state === "firing" && /critical|warning/.test(labels["severity"] ?? ""),
    )
    .map(
      ({ labels, annotations }) =>
        `${labels["alertname"]}: ${annotations["summary"] ?? annotations["description"]}`,
    )
    .filter((told) => !/^(Ceph)?Node/.test(told));
}

interface Alert {
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The value of a query that gives one. */
export async function queried(site: string, query: string): Promise<number> {
  const { data } = await asked<{ data: { result: { value: [number, string] }[] } }>(
    site,
    "monitoring-prometheus:9090",
    `api/v1/query?query=${encodeURIComponent(query)}`,
  );
  const [first] = data.result;
  assert.ok(first, `${query} gives nothing`);
  return Number(first.value[1]);
}

/** Names of the alerts that Alertmanager has. */
export async function alerts(site: string): Promise<readonly string[]> {
  const all = await asked<{ labels: Record<string, string> }[]>(
    site,
    "monitoring-alertmanager:9093",
    "api/v2/alerts",
  );
  return all.flatMap(({ labels }) => labels["alertname"] ?? []);
}

/** The check outside that waits for the heartbeat. */
export interface HeartbeatCheck {
  readonly status: string;
  readonly n_pings: number;
}

/** The check as its API shows it, after a change of its times where there is one. */
export async function heartbeat(times?: {
  readonly timeout: number;
  readonly grace: number;
}): Promise<HeartbeatCheck> {
  const url = `https://healthchecks.io/api/v3/checks/${heartbeatCheck.check}`;
  const key = { "X-Api-Key": heartbeatCheck.apiKey };
  const { status, body } =
    times === undefined
      ? await ask("GET", url, key)
      : await ask("POST", url, key, JSON.stringify(times));
  assert.equal(status, 200, body);
  return JSON.parse(body) as HeartbeatCheck;
}

/** What stands in the channel that alerts are read in, the newest first. */
export async function channel(): Promise<readonly string[]> {
  const url = `https://discord.com/api/v10/channels/${alertsChannel.channel}/messages`;
  const { status, body } = await ask("GET", url, { Authorization: `Bot ${alertsChannel.bot}` });
  assert.equal(status, 200, body);
  return (JSON.parse(body) as object[]).map((message) => JSON.stringify(message));
}
