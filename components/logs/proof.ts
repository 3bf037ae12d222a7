/** What has to be found in Loki before logs count as running; the doctor asks the same. */
import { loki, lokiNamespace, nodeLabel, sources } from "./names.ts";

/** Path of the API server at which Loki's Service answers. */
export const lokiProxy = `/api/v1/namespaces/${lokiNamespace.name}/services/http:${loki.name}:${loki.port}/proxy`;

/**
 * Path that asks how many lines of pods came from each node within the last hour: each has Alloy's own at least, which says what
 * it reads when it starts.
 * @see https://grafana.com/docs/loki/latest/reference/loki-http-api/#query-logs-at-a-single-point-in-time
 */
export const linesByNode = `${lokiProxy}/loki/api/v1/query?query=${encodeURIComponent(
  `sum by (${nodeLabel}) (count_over_time({job="${sources.pods}"}[1h]))`,
)}`;

/** Path with the state of all rules: https://grafana.com/docs/loki/latest/reference/loki-http-api/#list-rules */
export const rulesState = `${lokiProxy}/prometheus/api/v1/rules`;
