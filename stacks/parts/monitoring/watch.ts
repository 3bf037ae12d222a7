import { dashboardMap, dashboards } from "../../../components/monitoring/dashboards/dashboards.ts";
import { prometheusRule } from "../../../components/monitoring/rules/alert.ts";
import { alertGroups } from "../../../components/monitoring/rules/rules.ts";
import type { SiteConfig } from "../../schema.ts";
import type { MonitoringConfig } from "./schema.ts";
import { watched } from "./watched.ts";

/** What monitoring says of a site beside the charts' own. A module of its own, which only a site that has monitoring reads. */
export function watch(config: SiteConfig, monitoring: MonitoringConfig) {
  const plan = watched(config, monitoring);
  return {
    rules: prometheusRule(alertGroups(plan), monitoring.runbooks),
    dashboards: dashboards(plan).map(dashboardMap),
  };
}
