import {
  certificatesNamespace,
  managerNamespace,
} from "../components/certificates/cert-manager-values.ts";
import { cloudflaredNamespace } from "../components/edge/cloudflared.ts";
import { operatorNamespace } from "../components/tailnet/operator-values.ts";
import type { NamespacePlan } from "../components/workload/namespace.ts";
import type { SiteConfig } from "./schema.ts";

/** Every namespace that the program makes for a site: a line a part. A test holds it against the graphs. */
export function siteNamespaces({
  tailnet,
  edge,
  certificates,
  apps,
}: SiteConfig): readonly NamespacePlan[] {
  return [
    ...(tailnet === undefined ? [] : [operatorNamespace]),
    ...(edge === undefined ? [] : [cloudflaredNamespace]),
    ...(certificates === undefined ? [] : [managerNamespace, certificatesNamespace]),
    ...Object.keys(apps).map((name) => ({ name })),
  ];
}
