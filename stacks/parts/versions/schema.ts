import { z } from "zod";
import type { ImageSource } from "../../../components/proxmox/cloud-image.ts";
import type { Derivation } from "../../config/derivation.ts";
import { imageUrlProblem } from "./image-url.ts";

const release = (form: RegExp, example: string, about: string): z.ZodString =>
  z
    .string()
    .regex(form, `use a release such as ${example}`)
    .meta({
      description: about,
      examples: [example],
    });

const three = /^\d+\.\d+\.\d+$/;

/** An image that machines start from. */
export const image = z.strictObject({
  url: z
    .url({ protocol: /^https$/, error: "use an https address" })
    .regex(/^[^?#]+\.(qcow2|img|raw)$/, "name a .qcow2, .img or .raw file")
    .meta({
      description:
        "Cloud image for amd64 (Debian genericcloud, Ubuntu server); name a dated build, not `latest`",
      examples: [
        "https://cloud.debian.org/images/cloud/trixie/20261001-2618/debian-13-genericcloud-amd64-20261001-2618.qcow2",
      ],
    }),
  sha512: z
    .string()
    .regex(/^[0-9a-f]{128}$/, "use the 128 hex digits that SHA512SUMS lists beside the image")
    .optional()
    .meta({
      description: "SHA-512 of the file, from SHA512SUMS beside it (Debian); this or `sha256`",
      shown: true,
      examples: [
        "f46f0671a6e5bdec5291ab8972bae2f10e5408c2f64a74078f11efc2f06a436a9d0313ed50e0472542eeabf780e9f7c792ac0a314c6c20507fcd9fd81b468c3d",
      ],
    }),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "use the 64 hex digits that SHA256SUMS lists beside the image")
    .optional()
    .meta({
      description: "SHA-256 of the file, from SHA256SUMS beside it (Ubuntu)",
      examples: ["7a1c0d5e9b3f4826c1e8a07d5b2f9634de81f0a3c75b6d2948e1f7a0b3c6d952"],
    }),
});

/** Every version that the site runs, in one block that renovate.json knows line by line. */
export const versions = z
  .strictObject({
    rke2: z
      .string()
      .regex(
        /^v1\.\d+\.\d+\+rke2r\d+$/,
        "use a release of github.com/rancher/rke2 such as v1.36.3+rke2r1",
      )
      .meta({ description: "RKE2 release", examples: ["v1.36.3+rke2r1"] }),
    kubeVip: release(/^v\d+\.\d+\.\d+$/, "v1.0.4", "kube-vip release"),
    cilium: release(/^1\.\d+\.\d+$/, "1.19.6", "Cilium chart"),
    tailscale: release(
      three,
      "1.102.3",
      "Tailscale on the machines; needed with `homelab:tailnet`",
    ).optional(),
    tailscaleOperator: release(
      three,
      "1.102.3",
      "tailscale-operator chart; needed with `homelab:tailnet`",
    ).optional(),
    cloudflared: release(
      /^\d{4}\.\d{1,2}\.\d+$/,
      "2026.8.2",
      "cloudflared; needed with `homelab:edge`",
    ).optional(),
    gatewayApi: release(
      /^v\d+\.\d+\.\d+$/,
      "v1.6.1",
      "Gateway API's custom resource definitions (standard channel)",
    ).default("v1.6.1"),
    envoyGateway: release(
      /^v\d+\.\d+\.\d+$/,
      "v1.9.1",
      "Envoy Gateway: its chart and its custom resource definitions",
    ).default("v1.9.1"),
    certManager: release(/^v1\.\d+\.\d+$/, "v1.21.1", "cert-manager chart").default("v1.21.1"),
    trustManager: release(/^v\d+\.\d+\.\d+$/, "v0.24.0", "trust-manager chart").default("v0.24.0"),
    nodeLocalDns: release(
      three,
      "1.26.8",
      "Cache of DNS on the nodes (k8s-dns-node-cache)",
    ).default("1.26.8"),
    coredns: release(three, "1.14.7", "CoreDNS, which answers for the site's names").default(
      "1.14.7",
    ),
    onePasswordConnect: release(
      three,
      "2.4.1",
      "connect chart, with `homelab:onePassword.operator`",
    ).default("2.4.1"),
    reloader: release(three, "2.2.16", "reloader chart").default("2.2.16"),
    rookCeph: release(
      /^v1\.\d+\.\d+$/,
      "v1.20.6",
      "Charts rook-ceph and rook-ceph-cluster",
    ).default("v1.20.6"),
    cephCsiDrivers: release(three, "1.0.4", "Chart ceph-csi-drivers").default("1.0.4"),
    ceph: release(/^v\d+\.\d+\.\d+$/, "v20.2.4", "Ceph: a tag of quay.io/ceph/ceph").default(
      "v20.2.4",
    ),
    prometheusOperatorCrds: release(
      three,
      "31.0.1",
      "Chart prometheus-operator-crds, of the same release of the operator as kube-prometheus-stack; with `homelab:monitoring`",
    ).default("31.0.1"),
    kubePrometheusStack: release(
      three,
      "88.5.3",
      "Chart kube-prometheus-stack, with `homelab:monitoring`",
    ).default("88.5.3"),
    blackboxExporter: release(
      /^v\d+\.\d+\.\d+$/,
      "v0.28.0",
      "blackbox_exporter, with `homelab:monitoring.names`",
    ).default("v0.28.0"),
    loki: release(three, "18.11.0", "Chart loki of grafana-community, with `homelab:logs`").default(
      "18.11.0",
    ),
    alloy: release(three, "1.11.1", "Chart alloy, with `homelab:logs`").default("1.11.1"),
    argoCd: release(three, "10.1.1", "Chart argo-cd, with `homelab:argocd`").default("10.1.1"),
    cloudNativePg: release(
      three,
      "0.29.0",
      "Chart cloudnative-pg, with `homelab:postgres`; PostgreSQL's own release stands with each cluster",
    ).default("0.29.0"),
    barmanCloud: release(
      three,
      "0.7.0",
      "Chart plugin-barman-cloud, with `homelab:postgres`",
    ).default("0.7.0"),
    dragonfly: release(
      /^v\d+\.\d+\.\d+$/,
      "v1.6.1",
      "Chart dragonfly-operator, with `homelab:redis`; Dragonfly's own release stands with each instance",
    ).default("v1.6.1"),
    strimzi: release(
      three,
      "1.2.0",
      "Chart strimzi-kafka-operator, with `homelab:kafka`; Kafka's own release stands with each cluster",
    ).default("1.2.0"),
    volsync: release(
      three,
      "0.16.0",
      "Chart volsync, with `homelab:backup`; restic is of the same release",
    ).default("0.16.0"),
    rclone: release(three, "1.75.0", "rclone, which copies buckets, with `homelab:backup`").default(
      "1.75.0",
    ),
    dex: release(three, "2.45.1", "Dex, with `homelab:identity.dex`").default("2.45.1"),
    genericDevicePlugin: release(
      three,
      "0.2.0",
      "generic-device-plugin, with `homelab:devices`",
    ).default("0.2.0"),
    image: image.describe("The image that every machine starts from"),
  })
  .describe("Versions of what the site runs; applications have theirs with them");

export type Versions = z.infer<typeof versions>;

/** The image at `path`, one that machines come up from, with the one checksum that it has. */
export function imageSource(
  path: string,
  { url, sha512, sha256 }: z.infer<typeof image>,
  derivation: Derivation,
): ImageSource {
  const problem = imageUrlProblem(url);
  if (problem !== undefined) derivation.report(`${path}.url`, problem);
  if (sha512 !== undefined && sha256 !== undefined)
    derivation.report(`${path}.sha256`, "the image has a sha512 too; remove one of them");
  if (sha512 === undefined && sha256 === undefined)
    derivation.report(
      `${path}.sha512`,
      "is missing; take it from SHA512SUMS beside the image, or write the sha256 of SHA256SUMS",
    );
  return sha512 === undefined && sha256 !== undefined
    ? { url, algorithm: "sha256", checksum: sha256 }
    : { url, algorithm: "sha512", checksum: sha512 ?? "" };
}
