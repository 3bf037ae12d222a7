import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { go, tools, type Tool } from "../../toolchain/pins.ts";

/** A regex manager of Renovate: https://docs.renovatebot.com/modules/manager/regex/ */
interface Manager {
  readonly managerFilePatterns: readonly string[];
  readonly matchStrings: readonly string[];
  readonly datasourceTemplate: string;
  readonly depNameTemplate?: string;
  readonly registryUrlTemplate?: string;
  readonly versioningTemplate?: string;
  readonly autoReplaceStringTemplate?: string;
}

const root = new URL("../../", import.meta.url);
const text = (file: string): string => readFileSync(new URL(file, root), "utf8");
const { customManagers, customDatasources } = JSON.parse(text("renovate.json")) as {
  readonly customManagers: readonly Manager[];
  readonly customDatasources: Readonly<Record<string, unknown>>;
};

interface AppSchema {
  readonly properties: { readonly image?: { readonly default?: string } };
}

const siteSchema = JSON.parse(text("stacks/site.schema.json")) as {
  properties: {
    config: {
      properties: { "homelab:apps": { properties: Readonly<Record<string, AppSchema>> } };
    };
  };
};

interface Found {
  readonly manager: Manager;
  readonly line: string;
  readonly groups: Readonly<Record<string, string>>;
}

/** What Renovate's managers find in a file. */
function found(file: string, content = text(file)): readonly Found[] {
  return customManagers
    .filter(({ managerFilePatterns }) =>
      managerFilePatterns.some((pattern) => new RegExp(pattern.slice(1, -1)).test(file)),
    )
    .flatMap((manager) =>
      manager.matchStrings.flatMap((pattern) =>
        [...content.matchAll(new RegExp(pattern, "g"))].map(({ 0: line, groups = {} }) => ({
          manager,
          line,
          groups,
        })),
      ),
    );
}

const summary = ({ manager, groups }: Found): string =>
  [
    manager.datasourceTemplate,
    manager.depNameTemplate ?? groups["depName"] ?? "",
    groups["currentValue"] ?? "",
    ...(manager.registryUrlTemplate === undefined ? [] : [manager.registryUrlTemplate]),
  ].join(" ");

const image = "custom.debian-cloud debian-13-genericcloud-amd64";

/** What each line of `homelab:versions` is to Renovate. */
const known: Readonly<Record<string, (value: string) => string>> = {
  rke2: (value) => `github-releases rancher/rke2 ${value}`,
  kubeVip: (value) => `docker ghcr.io/kube-vip/kube-vip ${value}`,
  cilium: (value) => `helm cilium ${value} https://helm.cilium.io`,
  tailscale: (value) => `github-releases tailscale/tailscale ${value}`,
  tailscaleOperator: (value) =>
    `helm tailscale-operator ${value} https://pkgs.tailscale.com/helmcharts`,
  onePasswordConnect: (value) =>
    `helm connect ${value} https://1password.github.io/connect-helm-charts`,
  reloader: (value) => `helm reloader ${value} https://stakater.github.io/stakater-charts`,
  certManager: (value) => `helm cert-manager ${value} https://charts.jetstack.io`,
  trustManager: (value) => `helm trust-manager ${value} https://charts.jetstack.io`,
  cloudflared: (value) => `docker cloudflare/cloudflared ${value}`,
  nodeLocalDns: (value) => `docker registry.k8s.io/dns/k8s-dns-node-cache ${value}`,
  coredns: (value) => `docker coredns/coredns ${value}`,
  rclone: (value) => `docker rclone/rclone ${value}`,
  dex: (value) => `docker ghcr.io/dexidp/dex ${value}`,
  genericDevicePlugin: (value) => `docker ghcr.io/squat/generic-device-plugin ${value}`,
  gatewayApi: (value) => `github-releases kubernetes-sigs/gateway-api ${value}`,
  envoyGateway: (value) => `docker docker.io/envoyproxy/gateway-helm ${value}`,
  rookCeph: (value) => `helm rook-ceph ${value} https://charts.rook.io/release`,
  cephCsiDrivers: (value) =>
    `helm ceph-csi-drivers ${value} https://ceph.github.io/ceph-csi-operator`,
  ceph: (value) => `docker quay.io/ceph/ceph ${value}`,
  prometheusOperatorCrds: (value) =>
    `helm prometheus-operator-crds ${value} https://prometheus-community.github.io/helm-charts`,
  kubePrometheusStack: (value) =>
    `helm kube-prometheus-stack ${value} https://prometheus-community.github.io/helm-charts`,
  blackboxExporter: (value) => `docker quay.io/prometheus/blackbox-exporter ${value}`,
  loki: (value) => `helm loki ${value} https://grafana-community.github.io/helm-charts`,
  alloy: (value) => `helm alloy ${value} https://grafana.github.io/helm-charts`,
  argoCd: (value) => `helm argo-cd ${value} https://argoproj.github.io/argo-helm`,
  cloudNativePg: (value) => `helm cloudnative-pg ${value} https://cloudnative-pg.github.io/charts`,
  barmanCloud: (value) =>
    `helm plugin-barman-cloud ${value} https://cloudnative-pg.github.io/charts`,
  strimzi: (value) => `helm strimzi-kafka-operator ${value} https://strimzi.io/charts`,
  volsync: (value) => `helm volsync ${value} https://backube.github.io/helm-charts`,
  dragonfly: (value) =>
    `docker ghcr.io/dragonflydb/dragonfly-operator/helm/dragonfly-operator ${value}`,
};

/** By application, the image that it has where the site names none. */
const ownImages: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(siteSchema.properties.config.properties["homelab:apps"].properties).flatMap(
    ([name, { properties }]) => {
      const own = properties.image?.default;
      return own === undefined ? [] : [[name, own]];
    },
  ),
);

describe("renovate.json", () => {
  for (const site of ["home", "cabin"]) {
    it(`knows each version of ${site}, by one manager`, () => {
      const { config } = parse(text(`Pulumi.${site}.yaml`)) as {
        config: {
          "homelab:versions": Record<string, string> & { image: { url: string; sha512: string } };
          "homelab:apps"?: Record<string, { image?: string; version: string }>;
        };
      };
      const { image: machines, ...versions } = config["homelab:versions"];
      const apps = Object.entries(config["homelab:apps"] ?? {});
      const expected = [
        ...Object.entries(versions).map(([key, value]) => known[key]?.(value) ?? `none: ${key}`),
        `${image} ${machines.url.split("/").at(-2) ?? ""}`,
        ...apps.map(([name, app]) => `docker ${app.image ?? ownImages[name]} ${app.version}`),
      ];
      const all = found(`Pulumi.${site}.yaml`);
      assert.deepEqual(all.map(summary).sort(), expected.sort());
      const digests = all.flatMap(({ groups }) => groups["currentDigest"] ?? []);
      assert.deepEqual(digests, [machines.sha512]);
    });
  }

  it("knows the version of each application whose image the program knows", () => {
    const apps = Object.entries(ownImages);
    assert.ok(apps.length > 0);
    for (const [name, own] of apps)
      assert.deepEqual(
        found("Pulumi.home.yaml", `  homelab:apps:\n    ${name}:\n      version: v1.2.3\n`).map(
          summary,
        ),
        [`docker ${own} v1.2.3`],
      );
  });

  it("takes the sample's examples for no versions", () => {
    assert.deepEqual(found("Pulumi.sample.yaml"), []);
  });

  it("knows each pinned tool, by one manager", () => {
    const [kubernetes = "", etcd = ""] = tools.kubernetes.version.split("-etcd-");
    assert.deepEqual(
      found("toolchain/pins.ts").map(summary).sort(),
      [
        `github-releases pulumi/pulumi ${tools.pulumi.version}`,
        `github-releases helm/helm ${tools.helm.version}`,
        `github-releases kubernetes/kubernetes ${kubernetes}`,
        `github-releases etcd-io/etcd ${etcd}`,
        `github-releases rancher/rke2 ${tools.rke2.version}`,
        `golang-version go ${go.version}`,
      ].sort(),
    );
    const numbered = Object.values<Tool>(tools).filter(({ version }) => /\d/.test(version));
    assert.equal(numbered.length, 5, "a tool is pinned and not known");
  });

  it("raises the image's address and checksum together", () => {
    const one = found("Pulumi.home.yaml").find(({ groups }) => "currentDigest" in groups);
    assert.ok(one?.manager.autoReplaceStringTemplate !== undefined);
    const fill = (value: string, digest: string): string =>
      (one.manager.autoReplaceStringTemplate ?? "")
        .replaceAll("{{{newValue}}}", value)
        .replaceAll("{{{newDigest}}}", digest);
    const { currentValue = "", currentDigest = "" } = one.groups;
    assert.equal(fill(currentValue, currentDigest), one.line);
    const next = text("Pulumi.home.yaml").replace(one.line, fill("20270101-3000", "a".repeat(128)));
    const { config } = parse(next) as { config: Record<string, { image: unknown }> };
    assert.deepEqual(config["homelab:versions"]?.image, {
      url: "https://cloud.debian.org/images/cloud/trixie/20270101-3000/debian-13-genericcloud-amd64-20270101-3000.qcow2",
      sha512: "a".repeat(128),
    });
  });

  it("reads versions of no standard form by a form of its own", () => {
    for (const each of [...found("Pulumi.home.yaml"), ...found("toolchain/pins.ts")]) {
      const form = each.manager.versioningTemplate;
      if (form === undefined) continue;
      assert.match(each.groups["currentValue"] ?? "", new RegExp(form.replace(/^regex:/, "")));
    }
    for (const { datasourceTemplate } of customManagers) {
      const own = /^custom\.(.+)$/.exec(datasourceTemplate)?.[1];
      if (own !== undefined) assert.ok(own in customDatasources, own);
    }
  });
});
