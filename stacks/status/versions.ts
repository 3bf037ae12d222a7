/** What a site runs in which versions, each with the line of the site file that says so. */
import { argoCdVersions } from "../../components/definitions/argocd.ts";
import { dexVersions } from "../../components/definitions/dex.ts";
import { envoyGatewayVersions } from "../../components/definitions/envoy-gateway.ts";
import { gatewayApiVersions } from "../../components/definitions/gateway-api.ts";
import { strimziVersions } from "../../components/definitions/kafka.ts";
import { connectVersions } from "../../components/definitions/one-password.ts";
import {
  barmanCloudVersions,
  cloudNativePgVersions,
} from "../../components/definitions/postgres.ts";
import { dragonflyVersions } from "../../components/definitions/redis.ts";
import { tailscaleOperatorVersions } from "../../components/definitions/tailscale.ts";
import { volsyncVersions } from "../../components/definitions/volsync.ts";
import type { Versions } from "../parts/versions/schema.ts";
import type { SiteConfig } from "../schema.ts";

/** Something that the site runs. */
export interface SiteVersion {
  readonly what: string;
  readonly version: string;
  /** Config path of the version. */
  readonly path: string;
  /** The versions that the program knows the kinds of, oldest first: it takes no other (docs/definitions.md). */
  readonly known?: readonly string[];
}

/** Every version that the config names and the site has a use for, in the order of `homelab:versions`; applications last. */
export function siteVersions(config: SiteConfig): readonly SiteVersion[] {
  return [...ofParts(config), ...ofApplications(config)];
}

/** What something is called, its version where the site runs it, and the versions that the program knows. */
type Row = readonly [what: string, version: string | undefined, known?: readonly string[]];

function ofParts(config: SiteConfig): readonly SiteVersion[] {
  const { cluster, network, tailnet, edge, gateway, certificates, dns, names, proxmox } = config;
  const { onePassword, reloader, storage, monitoring, logs, argocd } = config;
  const { postgres, redis, kafka, backup, identity, devicePlugin } = config;
  const { url } = proxmox.image;
  // A version that is added to the site file does not compile before it has its line here.
  const rows: Readonly<Record<keyof Versions, Row>> = {
    rke2: ["RKE2", cluster.version],
    kubeVip: ["kube-vip", cluster.kubeVip.version],
    cilium: ["Cilium", network.cilium],
    tailscale: ["Tailscale", tailnet?.version],
    tailscaleOperator: ["Tailscale operator", tailnet?.operator.chart, tailscaleOperatorVersions],
    cloudflared: ["cloudflared", edge?.cloudflared],
    gatewayApi: ["Gateway API", gateway?.gatewayApi, gatewayApiVersions],
    envoyGateway: ["Envoy Gateway", gateway?.envoyGateway, envoyGatewayVersions],
    certManager: ["cert-manager", certificates?.certManager],
    trustManager: ["trust-manager", certificates?.trustManager],
    nodeLocalDns: ["node-local DNS", dns?.version],
    coredns: ["CoreDNS", names?.coredns],
    onePasswordConnect: ["1Password Connect", onePassword?.operator?.chart, connectVersions],
    reloader: ["Reloader", reloader?.chart],
    rookCeph: ["Rook", storage?.versions.rook],
    cephCsiDrivers: ["Ceph's CSI drivers", storage?.versions.csiDrivers],
    ceph: ["Ceph", storage?.versions.ceph],
    prometheusOperatorCrds: ["Prometheus operator's kinds", monitoring?.charts.kinds],
    kubePrometheusStack: ["kube-prometheus-stack", monitoring?.charts.stack],
    blackboxExporter: ["blackbox_exporter", monitoring?.names?.version],
    loki: ["Loki", logs?.charts.loki],
    alloy: ["Alloy", logs?.charts.alloy],
    argoCd: ["Argo CD", argocd?.chart, argoCdVersions],
    cloudNativePg: ["CloudNativePG", postgres?.charts.operator, cloudNativePgVersions],
    barmanCloud: ["Barman Cloud's plugin", postgres?.charts.plugin, barmanCloudVersions],
    dragonfly: ["Dragonfly's operator", redis?.chart, dragonflyVersions],
    strimzi: ["Strimzi", kafka?.chart, strimziVersions],
    volsync: ["VolSync", backup?.chart, volsyncVersions],
    rclone: ["rclone", backup?.rclone],
    dex: ["Dex", identity?.dex?.version, dexVersions],
    genericDevicePlugin: ["generic-device-plugin", devicePlugin],
    image: ["image of machines", url.slice(url.lastIndexOf("/") + 1)],
  };
  return Object.entries(rows).flatMap(([key, [what, version, known]]) =>
    version === undefined
      ? []
      : [
          {
            ...{ what, version, path: `homelab:versions.${key}` },
            ...(known === undefined ? {} : { known }),
          },
        ],
  );
}

function ofApplications({ apps }: SiteConfig): readonly SiteVersion[] {
  return Object.entries(apps).flatMap(([name, app]) =>
    "version" in app && typeof app.version === "string"
      ? [{ what: name, version: app.version, path: `homelab:apps.${name}.version` }]
      : [],
  );
}
