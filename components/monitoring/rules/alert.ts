/** Alerts of the site's own, beside those of the charts. */
import type { Severity } from "../alerts.ts";
import { monitoringNamespace } from "../names.ts";

export interface Alert {
  readonly name: string;
  readonly severity: Severity;
  /** PromQL; holds as long as it gives a series. */
  readonly expression: string;
  /** How long it holds before anybody is told, as Prometheus writes it. */
  readonly for: string;
  /** One line for whoever is told, with Prometheus' templates. */
  readonly summary: string;
  /** What is measured, with its value. */
  readonly description: string;
}

/** Alerts on one part of the site. */
export interface AlertGroup {
  readonly name: string;
  readonly alerts: readonly Alert[];
}

/**
 * Where the page of an alert is. Without an address it is the path of the page in this repository: the program does not know
 * where a site keeps its copy, and a link to somewhere else would lead people to pages of another release.
 */
export function runbook(alert: string, base = "docs/runbooks"): string {
  return `${base}/${alert}.md`;
}

/** A PrometheusRule (`monitoring.coreos.com/v1`) with these alerts. `runbooks` is the address of the pages' folder. */
export function prometheusRule(groups: readonly AlertGroup[], runbooks?: string) {
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: { name: "homelab", namespace: monitoringNamespace.name },
    spec: {
      groups: groups.map(({ name, alerts }) => ({
        name: `homelab.${name}`,
        rules: alerts.map((alert) => ({
          alert: alert.name,
          expr: alert.expression,
          for: alert.for,
          labels: { severity: alert.severity },
          annotations: {
            summary: alert.summary,
            description: alert.description,
            runbook_url: runbook(alert.name, runbooks),
          },
        })),
      })),
    },
  };
}

/**
 * Whether a counter has grown within a time. One that begins with an error has no growth before its second, so a series
 * that was not there before counts as well, where its job was: a new pod begins at nothing too.
 */
export function grown(counter: string, time: string): string {
  return (
    `(increase(${counter}[${time}]) > 0 or ` +
    `(${counter} unless ${counter} offset ${time}) and on (job) up offset ${time} == 1)`
  );
}

/** An expression without labels, with one. */
export function named(label: string, value: string, expression: string): string {
  return `label_replace(${expression}, "${label}", "${value}", "", "")`;
}
