/** Where alerts go, as Alertmanager's configuration. */
import { stringify } from "yaml";

export type Severity = "critical" | "warning";

/** Somebody who is told of alerts; one way each. The secrets are plain. */
export interface Receiver {
  readonly name: string;
  /** What it is told of. */
  readonly severities: readonly Severity[];
  readonly by:
    | { readonly kind: "pushover"; readonly userKey: string; readonly token: string }
    | { readonly kind: "discord"; readonly url: string }
    | { readonly kind: "webhook"; readonly url: string };
}

export interface AlertsPlan {
  readonly receivers: readonly Receiver[];
  /** Address outside of the site that is told every few minutes that alerts still work; it raises the alarm when it is not. */
  readonly heartbeat?: string;
}

/** Who is told nothing: what no other route takes ends here. */
const nobody = "nobody";

/** Receiver of the heartbeat; no label of a site file has a dot. */
const outside = "outside.heartbeat";

/**
 * Text of `alertmanager.yaml`. What is critical silences the warnings of the same name and namespace. The alert Watchdog of
 * the chart's rules fires always: it goes out every five minutes, and nowhere else. Alerts of no severity that somebody is
 * told of, such as `info`, are to be seen in Alertmanager alone.
 * @see https://prometheus.io/docs/alerting/latest/configuration/
 */
export function alertmanagerConfig({ receivers, heartbeat }: AlertsPlan): string {
  return stringify(
    {
      inhibit_rules: inhibitions,
      route: {
        receiver: nobody,
        group_by: ["namespace", "alertname"],
        group_wait: "30s",
        group_interval: "5m",
        repeat_interval: "12h",
        routes: [
          {
            receiver: heartbeat === undefined ? nobody : outside,
            matchers: ['alertname = "Watchdog"'],
            group_wait: "0s",
            // A notification is repeated at the first of these intervals after its own time is over.
            group_interval: "1m",
            repeat_interval: "5m",
          },
          ...receivers.map(({ name, severities }) => ({
            receiver: name,
            matchers: [`severity =~ "${severities.join("|")}"`],
            // Whoever comes next is told too.
            continue: true,
          })),
        ],
      },
      receivers: [
        { name: nobody },
        ...(heartbeat === undefined
          ? []
          : [{ name: outside, webhook_configs: [{ url: heartbeat, send_resolved: false }] }]),
        ...receivers.map(({ name, by }) => ({ name, ...integration(by) })),
      ],
    },
    { lineWidth: 0 },
  );
}

/** The chart's own (values.yaml, `alertmanager.config.inhibit_rules`), which its rules are written for. */
const inhibitions = [
  {
    source_matchers: ['severity = "critical"'],
    target_matchers: ['severity =~ "warning|info"'],
    equal: ["namespace", "alertname"],
  },
  {
    source_matchers: ['severity = "warning"'],
    target_matchers: ['severity = "info"'],
    equal: ["namespace", "alertname"],
  },
  {
    source_matchers: ['alertname = "InfoInhibitor"'],
    target_matchers: ['severity = "info"'],
    equal: ["namespace"],
  },
  { target_matchers: ['alertname = "InfoInhibitor"'] },
];

/**
 * By default whatever fires is an emergency, which rings every minute for an hour until somebody confirms it
 * (alertmanager, config/notifiers.go, DefaultPushoverConfig; https://pushover.net/api#priority).
 */
const emergency =
  '{{ if and (eq .Status "firing") (eq .CommonLabels.severity "critical") }}2{{ else }}0{{ end }}';

/**
 * What is told of a group of alerts. Alertmanager's own texts end each alert with the address of its Prometheus, and give
 * Pushover that of Alertmanager (v0.34.0, template/default.tmpl): names of the cluster, which open nowhere else.
 */
const message = `{{ range .Alerts }}{{ if eq .Status "resolved" }}Resolved: {{ end }}{{ or .Annotations.summary .Labels.alertname }}
{{ with .Annotations.description }}{{ . }}
{{ end }}{{ with .Annotations.runbook_url }}{{ . }}
{{ end }}{{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}
{{ end }}`;

/** The page of alerts that share one, where it is an address: without `runbooks` the site's own are paths. */
const page =
  '{{ with .CommonAnnotations.runbook_url }}{{ if match "^https?://" . }}{{ . }}{{ end }}{{ end }}';

function integration(by: Receiver["by"]): Readonly<Record<string, unknown>> {
  switch (by.kind) {
    case "pushover":
      return {
        pushover_configs: [
          {
            ...{ user_key: by.userKey, token: by.token, send_resolved: true, priority: emergency },
            ...{ message, url: page },
          },
        ],
      };
    case "discord":
      return { discord_configs: [{ webhook_url: by.url, send_resolved: true, message }] };
    case "webhook":
      return { webhook_configs: [{ url: by.url, send_resolved: true }] };
  }
}
