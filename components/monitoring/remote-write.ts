/** Metrics of one site at another: what is sent, and how it is told apart there. */
import { operatorNamespace } from "../tailnet/operator-values.ts";

/** What a Prometheus sends to others, and whether it takes what others send. */
export interface RemoteWritePlan {
  /** The site's name. */
  readonly site: string;
  /** Sites that it sends to: each a Service of the operator's in the tailnet's namespace. */
  readonly sends: readonly string[];
  /** Sites that send to it. */
  readonly receives: readonly string[];
  readonly clusterDomain: string;
}

/** Where a Prometheus takes samples (prometheus/prometheus, web/api/v1/api.go, `/write`). */
export const writePath = "/api/v1/write";

/**
 * What stands before a metric of another site: `cabin:up`. Rules and dashboards ask for metrics by their names, and would take
 * another site's for this one's: a part that is gone here would be there by what the other site sends. No name of a metric
 * begins with a digit.
 */
export const metricsPrefix = (site: string): string =>
  `${site.replaceAll("-", "_").replace(/^(?=\d)/, "_")}:`;

/**
 * How far behind its newest sample a receiver still takes one. By itself that is half of the range of its head: an hour
 * (prometheus, tsdb/head_append.go, appendableMinValidTime), and it has newer ones of its own all the time. More than what a
 * sender has in its log.
 */
const takenLate = "3h";

/**
 * Values of the chart's Prometheus. What a receiver cannot take is sent again for as long as it is in the log, about two hours
 * (prometheus.io/docs/practices/remote_write); little of it at a time, for the way is an uplink.
 * @see https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.RemoteWriteSpec
 */
export function remoteWriteValues({
  site,
  sends,
  receives,
  clusterDomain,
}: RemoteWritePlan): Record<string, unknown> {
  const renamed = {
    sourceLabels: ["__name__"],
    targetLabel: "__name__",
    replacement: `${metricsPrefix(site)}$1`,
  };
  return {
    ...(receives.length === 0
      ? {}
      : { enableRemoteWriteReceiver: true, tsdb: { outOfOrderTimeWindow: takenLate } }),
    ...(sends.length === 0
      ? {}
      : {
          remoteWrite: sends.map((name) => ({
            name,
            url: `http://${name}.${operatorNamespace.name}.svc.${clusterDomain}${writePath}`,
            writeRelabelConfigs: [renamed],
            queueConfig: { minShards: 1, maxShards: 4 },
            metadataConfig: { send: false },
          })),
        }),
  };
}
