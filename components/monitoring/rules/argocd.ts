import { controllerJob } from "../../argocd/names.ts";
import type { AlertGroup } from "./alert.ts";

/** Applications of one status, by name: a series' other labels change with it, and would begin the alert's time anew. */
const applications = (status: string): string =>
  `max by (name) (argocd_app_info{job="${controllerJob}",${status}}) == 1`;

/** Alerts on what Argo CD brings to the cluster (argo-cd v3.4.4, controller/metrics/metrics.go). */
export const argocdAlerts: AlertGroup = {
  name: "argocd",
  alerts: [
    {
      name: "ArgoCdNotSynced",
      severity: "warning",
      expression: applications('sync_status!="Synced"'),
      for: "1h",
      summary: "the Application {{ $labels.name }} is not what its repository says",
      description: "Argo CD has not brought it there, or cannot tell, for an hour.",
    },
    {
      name: "ArgoCdNotHealthy",
      severity: "warning",
      expression: applications('health_status=~"Degraded|Missing"'),
      for: "30m",
      summary: "the Application {{ $labels.name }} does not run as it should",
      description: "Argo CD finds objects of it that fail, or that are not there.",
    },
  ],
};
