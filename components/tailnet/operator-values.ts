import type { Input } from "@pulumi/pulumi";
import type { NamespacePlan } from "../workload/namespace.ts";
import { defaultProxyClass } from "./proxy-plan.ts";
import { siteTags } from "./tags.ts";

/**
 * Namespace of the operator and of its proxies. Proxies set up routing in their pods, which the baseline of pod security
 * forbids.
 */
export const operatorNamespace = {
  name: "tailscale",
  security: "privileged",
} as const satisfies NamespacePlan;

/** Where Tailscale's programs are, and the operator's chart: https://pkgs.tailscale.com */
export const tailscaleDownloads = "https://pkgs.tailscale.com";
export const operatorCharts = `${tailscaleDownloads}/helmcharts`;

/** Secret that the operator's chart looks for there. */
export const operatorSecret = "operator-oauth";

/** Hostname of the operator's own device. */
export function operatorHostname(site: string): string {
  return `${site}-operator`;
}

/**
 * Values of the tailscale-operator chart: the API server's proxy with Tailscale identities, and this site's tags. The
 * OAuth client's secret is not among them: the chart takes it from the Secret `operator-oauth`. The operator reads that once
 * (tailscale/tailscale cmd/k8s-operator/tsclient.go), so that another client means another pod.
 * @param classed whether proxies that nobody gives a class have one
 * @see https://tailscale.com/kb/1236/kubernetes-operator
 */
export function operatorValues(
  site: string,
  client: Input<string>,
  classed = false,
): Record<string, unknown> {
  const tags = siteTags(site);
  return {
    // The program owns them: the chart's would go with the release, and every Connector with them.
    installCRDs: false,
    apiServerProxyConfig: { mode: "true" },
    operatorConfig: {
      // The chart's own is Always (values.yaml): a restart would need the registry, though the image lies on the node.
      image: { pullPolicy: "IfNotPresent" },
      // The chart suggests none. The operator is the second way to the API, so its limit is far above what it should need.
      resources: { requests: { cpu: "20m", memory: "128Mi" }, limits: { memory: "1Gi" } },
      hostname: operatorHostname(site),
      defaultTags: [tags.operator],
      podAnnotations: { "homelab/oauth-client": client },
    },
    proxyConfig: { defaultTags: tags.connector, ...(classed ? { defaultProxyClass } : {}) },
  };
}
