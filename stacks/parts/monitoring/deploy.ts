import { output, secret, type Resource } from "@pulumi/pulumi";
import { alertmanagerConfig, type Receiver } from "../../../components/monitoring/alerts.ts";
import { MonitoringKinds } from "../../../components/monitoring/kinds.ts";
import { Monitoring, type MonitoringArgs } from "../../../components/monitoring/monitoring.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";
import type { SiteCluster } from "../cluster/deploy.ts";
import type { SiteIdentity } from "../identity/deploy.ts";
import type { SiteStorage } from "../storage/deploy.ts";
import { chartTargets } from "./chart-targets.ts";
import { siteMonitors } from "./monitors.ts";
import type { MonitoringConfig } from "./schema.ts";

/** Kinds of monitors and rules: what makes some depends on it. */
export interface SiteMonitoringKinds {
  readonly known: Resource;
}

/** Brings the kinds of Prometheus' operator, for which no pod has to run; undefined where the site has no monitoring. */
export function deployMonitoringKinds(
  { name, config: { monitoring } }: Site,
  { kubernetes }: Pick<SiteCluster, "kubernetes">,
): SiteMonitoringKinds | undefined {
  if (monitoring === undefined) return undefined;
  const { known } = new MonitoringKinds(
    `${name}-monitoring-kinds`,
    { chart: monitoring.charts.kinds },
    { providers: [kubernetes] },
  );
  return { known };
}

/** What the parts before it have made. */
export interface MonitoringSurroundings {
  readonly running: RunningCluster;
  readonly kinds: SiteMonitoringKinds | undefined;
  readonly storage: SiteStorage | undefined;
  readonly identity: SiteIdentity;
}

/** Monitoring, for what leads to it. */
export interface SiteMonitoring {
  /** Its Services are there. */
  readonly release: Resource;
}

/** Runs Prometheus and what belongs to it, where the config has it. */
export async function deployMonitoring(
  site: Site,
  { nodes }: SiteCluster,
  { running: { ready, kubernetes }, kinds, storage, identity }: MonitoringSurroundings,
): Promise<SiteMonitoring | undefined> {
  const { name, config, secrets } = site;
  const { monitoring } = config;
  if (monitoring === undefined || kinds === undefined) return undefined;
  const { retentionDays, sizeGiB, charts, grafanaPassword, heartbeat, scrapes } = monitoring;
  const { sends, receives } = monitoring;
  // Every file that is read slows each run: a site without monitoring reads none of these.
  const { watch } = await import("./watch.ts");
  // What is on a host that is down is seen by nobody.
  const there = nodes.filter(({ offline }) => !offline);
  const { release } = new Monitoring(
    `${name}-monitoring`,
    {
      ...{ site: name, retentionDays, sizeGiB, chart: charts.stack },
      otherSites: { site: name, sends, receives, clusterDomain: config.network.clusterDomain },
      ...(monitoring.class === undefined ? {} : { storageClass: monitoring.class }),
      ...chartTargets(config),
      password: secrets.get(grafanaPassword),
      ...signOn(config, identity),
      alerts: secret(alerts(monitoring, (ref) => secrets.reveal(ref))),
      heartbeat: heartbeat !== undefined,
      ...watch(config, monitoring),
      scrapes: Object.entries(scrapes).map(([job, plan]) => ({ name: job, ...plan })),
      monitors: siteMonitors(config),
      nodes: there.map(({ name: node }) => node),
      sight: {
        nodes: there.length,
        servers: there.filter(({ role }) => role === "server").length,
      },
      server: nodes[0],
      after: [kinds.known, ...(storage === undefined ? [] : [storage.ready])],
    },
    { providers: [kubernetes], dependsOn: [ready] },
  );
  return { release };
}

/** Alertmanager's configuration, in plain; `reveal` gives the secret behind a reference. */
function alerts({ heartbeat, receivers }: MonitoringConfig, reveal: Reveal): string {
  return alertmanagerConfig({
    receivers: Object.entries(receivers).map(([name, { severities, ...way }]) => ({
      ...{ name, severities },
      by: by(way, reveal),
    })),
    ...(heartbeat === undefined ? {} : { heartbeat: reveal(heartbeat.url) }),
  });
}

/** How people sign on to Grafana, where the config says so. */
function signOn(
  { identity }: Site["config"],
  { grafana: client }: SiteIdentity,
): Pick<MonitoringArgs, "signOn"> {
  if (identity?.grafana === undefined || client === undefined) return {};
  const { hostname, ...roles } = identity.grafana;
  const { session } = identity;
  const { provider, endpoints, clientId, clientSecret } = client;
  const plan = output({ endpoints, clientId }).apply((made) => ({
    ...{ hostname, session, roles, provider, ...made },
  }));
  return { signOn: { plan, clientSecret } };
}

type Reveal = (ref: string) => string;
type Way = Omit<MonitoringConfig["receivers"][string], "severities">;

function by({ pushover, discord, webhook }: Way, reveal: Reveal): Receiver["by"] {
  if (pushover !== undefined) {
    const { userKey, token } = pushover;
    return { kind: "pushover", userKey: reveal(userKey), token: reveal(token) };
  }
  if (discord !== undefined) return { kind: "discord", url: reveal(discord) };
  if (webhook !== undefined) return { kind: "webhook", url: reveal(webhook.url) };
  throw new Error("the config was checked to say how each receiver is told, but one does not");
}
