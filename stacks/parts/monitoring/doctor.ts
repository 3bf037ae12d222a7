/** Monitoring: whether it runs, whether anybody is told, and what it says itself. */
import {
  alertmanager,
  monitoringNamespace,
  prometheusCharts,
} from "../../../components/monitoring/names.ts";
import type { Check } from "../../doctor/check.ts";
import { unmet, type Condition } from "../../doctor/conditions.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { ok, problem, warning, type Finding } from "../../doctor/finding.ts";
import { kubectl, objects } from "../../doctor/kubectl.ts";
import { chart, type Release } from "../../doctor/releases.ts";
import type { SiteConfig } from "../../schema.ts";
import type { MonitoringConfig } from "./schema.ts";

/** Both charts; none where the site has no monitoring. */
export function monitoringReleases({
  monitoring,
}: Pick<SiteConfig, "monitoring">): readonly Release[] {
  if (monitoring === undefined) return [];
  const { stack, kinds } = monitoring.charts;
  return [
    chart(
      prometheusCharts,
      "prometheus-operator-crds",
      kinds,
      "homelab:versions.prometheusOperatorCrds",
    ),
    chart(prometheusCharts, "kube-prometheus-stack", stack, "homelab:versions.kubePrometheusStack"),
  ];
}

/** A Prometheus or an Alertmanager, as far as the doctor looks. */
export interface WatchInForce {
  readonly metadata: { readonly name: string; readonly generation?: number };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** An alert at Alertmanager (api/v2/openapi.yaml, gettableAlert), as far as the doctor looks. */
export interface AlertInForce {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly startsAt?: string;
}

/** None where the site has no monitoring, or has not been brought up. */
export function monitoringChecks(
  { name, config: { monitoring }, isUp }: Pick<Examined, "name" | "config" | "isUp">,
  run: ClusterCommand,
): readonly Check[] {
  if (monitoring === undefined || !isUp) return [];
  return [
    ...(["Prometheus", "Alertmanager"] as const).map((kind) => ({
      subject: kind,
      run: async () => {
        const plural = { Prometheus: "prometheuses", Alertmanager: "alertmanagers" }[kind];
        const all = await objects<WatchInForce>(run, `${plural}.monitoring.coreos.com`);
        return judgeWatch(kind, name, all);
      },
    })),
    {
      subject: "alerts",
      run: async () => judgeAlerts(monitoring, await activeAlerts(run)),
    },
  ];
}

/** What Alertmanager has and would tell somebody of. */
export async function activeAlerts(run: ClusterCommand): Promise<readonly AlertInForce[]> {
  const { name: namespace } = monitoringNamespace;
  const path = `/api/v1/namespaces/${namespace}/services/http:${alertmanager.name}:${alertmanager.port}/proxy/api/v2/alerts`;
  const query = "active=true&silenced=false&inhibited=false";
  return JSON.parse(await kubectl(run, "get", "--raw", `${path}?${query}`)) as AlertInForce[];
}

/** Those that say that something is wrong; Watchdog fires always. */
export function badAlerts(all: readonly AlertInForce[]): readonly AlertInForce[] {
  return all.filter(({ labels }) => /^(critical|warning)$/.test(labels["severity"] ?? ""));
}

/** The operator has done what the object says, and all of its pods are ready. */
export function judgeWatch(
  kind: "Prometheus" | "Alertmanager",
  site: string,
  all: readonly WatchInForce[],
): readonly Finding[] {
  const [first] = all;
  if (first === undefined)
    return [problem(kind, "is not in the cluster", `npm run up -- --stack ${site} --refresh`)];
  const said = unmet(
    first.status?.conditions,
    ["Available", "Reconciled"],
    first.metadata.generation,
  );
  if (said.length === 0) return [ok(kind, "runs")];
  const look = `kubectl -n ${monitoringNamespace.name} get pods; docs/monitoring.md`;
  return said.map((text) => problem(kind, text, look));
}

/** That somebody is told, that the way is open, and what is wrong at the site right now. */
export function judgeAlerts(
  { receivers, heartbeat }: Pick<MonitoringConfig, "receivers" | "heartbeat">,
  all: readonly AlertInForce[],
): readonly Finding[] {
  const subject = "alerts";
  const told = Object.keys(receivers);
  const firing = badAlerts(all);
  const works = all.some(({ labels }) => labels["alertname"] === "Watchdog");
  const silent = problem(
    subject,
    "Watchdog, which fires always, is not at Alertmanager: no other alert would come either",
    `kubectl -n ${monitoringNamespace.name} get prometheusrules,pods`,
  );
  return [
    ...(told.length > 0
      ? []
      : [warning(subject, "nobody is told of them", "write homelab:monitoring.receivers")]),
    ...(heartbeat !== undefined
      ? []
      : [
          warning(
            subject,
            "nobody outside notices when no alert can come any more",
            "write homelab:monitoring.heartbeat; docs/monitoring.md",
          ),
        ]),
    ...alike(firing).map((alerts) => judgeAlike(alerts)),
    ...(!works ? [silent] : firing.length > 0 ? [] : [ok(subject, "none fires but Watchdog")]),
  ];
}

/** What an alert says, in its own words. */
export function alertText(annotations: Readonly<Record<string, string>> = {}): string {
  return annotations["summary"] ?? annotations["description"] ?? "fires";
}

/** Alerts of one name, namespace and severity, in the order of the first of them: one rule may fire for each file system. */
function alike(firing: readonly AlertInForce[]): readonly (readonly AlertInForce[])[] {
  const keys = ["alertname", "namespace", "severity"] as const;
  const groups = Map.groupBy(firing, ({ labels }) =>
    JSON.stringify(keys.map((key) => labels[key])),
  );
  return [...groups.values()];
}

function judgeAlike([first, ...others]: readonly AlertInForce[]): Finding {
  const { labels = {}, annotations = {} } = first ?? {};
  const { alertname = "of no name", namespace, severity } = labels;
  const subject = `alert ${alertname}${namespace === undefined ? "" : ` in ${namespace}`}`;
  const more = others.length === 0 ? "" : ` (and ${others.length} more of this name)`;
  const text = `${alertText(annotations)}${more}`;
  const remedy = annotations["runbook_url"] ?? annotations["description"] ?? "docs/monitoring.md";
  return severity === "critical" ? problem(subject, text, remedy) : warning(subject, text, remedy);
}
