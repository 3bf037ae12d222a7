import {
  certificatesNamespace,
  managerNamespace,
} from "../components/certificates/cert-manager-values.ts";
import { cloudflaredNamespace } from "../components/edge/cloudflared.ts";
import { gatewayNamespace } from "../components/gateway/plan.ts";
import { operatorNamespace } from "../components/tailnet/operator-values.ts";
import type { NamespacePlan } from "../components/workload/namespace.ts";
import type { SiteConfig } from "./schema.ts";

/** Every namespace that the program makes for a site: a line a part. A test holds it against the graphs. */
export function siteNamespaces({
  gateway,
  tailnet,
  edge,
  certificates,
  apps,
}: SiteConfig): readonly NamespacePlan[] {
  return [
    ...(gateway === undefined ? [] : [gatewayNamespace]),
    ...(tailnet === undefined ? [] : [operatorNamespace]),
    ...(edge === undefined ? [] : [cloudflaredNamespace]),
    ...(certificates === undefined ? [] : [managerNamespace, certificatesNamespace]),
    ...Object.keys(apps).map((name) => ({ name })),
  ];
}
