import { metricsPrefix } from "../remote-write.ts";
import { named, type AlertGroup } from "./alert.ts";

/** Alert on other sites that send their metrics here. */
export function siteAlerts(sites: readonly string[]): AlertGroup {
  const silent = sites.map((site) => named("other", site, `absent(${metricsPrefix(site)}up)`));
  return {
    name: "sites",
    alerts: [
      {
        name: "SiteSilent",
        severity: "warning",
        expression: silent.join(" or "),
        for: "15m",
        summary: "site {{ $labels.other }} sends no metrics",
        description:
          "Nothing of its Prometheus has come for 20 minutes: the site, its line, or the way through the tailnet is down.",
      },
    ],
  };
}
