/**
 * Values of the volsync chart. Its kinds are the program's own. Its ServiceMonitor, which the chart makes where the cluster has
 * that kind, brings no token, so that Prometheus would be turned away: metrics are open, behind policies, with no more in them
 * than names of claims and times.
 * @see https://github.com/backube/volsync/blob/v0.16.0/helm/volsync/values.yaml
 */
export function operatorValues(): Record<string, unknown> {
  return {
    manageCRDs: false,
    metrics: { disableAuth: true },
    resources: { requests: { cpu: "20m", memory: "64Mi" }, limits: { memory: "512Mi" } },
  };
}
