/** A site that runs and answers, for the tests of its status. */
import type { ClusterCommand } from "../../../stacks/doctor/examined.ts";
import { ok, warning } from "../../../stacks/doctor/finding.ts";
import { certificateReleases } from "../../../stacks/parts/certificates/doctor.ts";
import type { AskName } from "../../../stacks/status/answer.ts";
import { lookAtSite, type Sources } from "../../../stacks/status/look.ts";
import type { SeenStatus } from "../../../stacks/status/status.ts";
import type { SiteConfig } from "../../../stacks/schema.ts";
import { homeConfig, type Changes } from "./sample.ts";

const service = { namespace: "household", service: "photos", port: 80 };

/** Home with each way in, monitoring and storage. */
export const wholeHome: Changes = {
  monitoring: { grafanaPassword: "op://Homelab/Grafana/password" },
  storage: {},
  "gateway.internal": {
    enabled: true,
    address: "100.101.102.103",
    listeners: [{ name: "mqtt", port: 1883, protocol: "tcp" }],
  },
  "apps.typeo.expose": [
    { host: "typeo.home.arpa", to: "lan" },
    { host: "play.home.arpa", to: "tailnet" },
  ],
  "gateway.routes": {
    photos: { ...service, hostnames: ["photos.home.arpa"] },
    broker: { ...service, kind: "tcp", gateway: "internal", listener: "mqtt", hostnames: [] },
  },
};

export const now = new Date("2026-11-29T08:00:00Z");

/** Objects of the cluster by the kind that kubectl is asked for; a path of the API for what is no list. */
export type Objects = Readonly<Record<string, unknown>>;

/** A cluster in which all is well. */
export function wellCluster({ machines }: SiteConfig): Objects {
  const ready = [{ type: "Ready", status: "True" }];
  const slice = (namespace: string, name: string, pods: readonly boolean[]) => ({
    metadata: { namespace, labels: { "kubernetes.io/service-name": name } },
    endpoints: pods.map((each, i) => ({
      ...{ conditions: { ready: each }, targetRef: { name: `${name}-${i}` } },
    })),
  });
  const snapshot = (creationTime: string, s3?: object) => ({
    spec: { snapshotName: "etcd", ...(s3 === undefined ? {} : { s3 }) },
    status: { readyToUse: true, creationTime },
  });
  return {
    nodes: machines.map(({ name }) => ({
      metadata: { name },
      status: { conditions: ready, nodeInfo: { kubeletVersion: "v1.36.3+rke2r1" } },
    })),
    "endpointslices.discovery.k8s.io": [
      slice("typeo", "typeo", [true, true]),
      slice("household", "photos", [true, false]),
    ],
    "certificates.cert-manager.io": ["home-arpa", "example-net"].map((name) => ({
      metadata: { namespace: "certificates", name },
      status: { conditions: ready, notAfter: "2027-01-15T08:00:00Z" },
    })),
    "etcdsnapshotfiles.k3s.cattle.io": [
      snapshot("2026-11-29T06:00:00Z"),
      snapshot("2026-11-26T06:00:00Z", { bucket: "etcd-snapshots" }),
    ],
    "cephclusters.ceph.rook.io": [
      {
        status: {
          ceph: { health: "HEALTH_OK", capacity: { bytesUsed: 2 ** 38, bytesTotal: 2 ** 42 } },
        },
      },
    ],
    alerts: [
      { labels: { alertname: "Watchdog", severity: "none" } },
      {
        labels: { alertname: "UpsOnBattery", severity: "critical" },
        annotations: { summary: 'The UPS <rack> & its "load" run on battery' },
        startsAt: "2026-11-29T07:55:00Z",
      },
    ],
  };
}

/** kubectl over these objects; it knows no other kind. */
export function kubectlOver(all: Objects): ClusterCommand {
  return (_, args) => {
    const kind = args.includes("--raw") ? "alerts" : (args[1] ?? "");
    const found = all[kind];
    if (found === undefined)
      return Promise.resolve({ ok: false, stdout: "", stderr: `no ${kind} here` });
    const text = JSON.stringify(kind === "alerts" ? found : { items: found });
    return Promise.resolve({ ok: true, stdout: text, stderr: "" });
  };
}

/** Names that answer: Access stands before the internet's. */
export const wellAnswered: AskName = ({ by, name = "" }) =>
  Promise.resolve(
    by === "tcp"
      ? {}
      : name.endsWith(".example.net")
        ? {
            status: 302,
            location: "https://homelab.cloudflareaccess.com/cdn-cgi/access/login/x",
            certificate: { ends: "2027-02-20T08:00:00Z" },
          }
        : { status: 200, certificate: { ends: "2027-01-15T08:00:00Z" } },
  );

/** What a site's status is asked of, where all is well but for what a test says. */
export function wellSources(config: SiteConfig, changes: Partial<Sources> = {}): Sources {
  const rows = [
    ...config.proxmox.hosts.map(({ name }) => ({ type: "node", node: name, status: "online" })),
    ...config.machines.map(({ vmId }) => ({ type: "qemu", vmid: vmId, status: "running" })),
  ];
  return {
    cluster: kubectlOver(wellCluster(config)),
    proxmox: <T>() => Promise.resolve(rows as T),
    askName: wellAnswered,
    ask: () =>
      Promise.resolve({
        ...{ status: 200, clock: 0 },
        text: "- cert-manager-v1.21.1.tgz\n- cert-manager-v1.22.0.tgz\n- trust-manager-v0.24.0.tgz",
      }),
    releases: certificateReleases(config),
    examined: Promise.resolve([
      ok("state", "is fine"),
      warning("room in Ceph", "is short", "add disks"),
    ]),
    ...changes,
  };
}

/** The status of home with each way in, seen by these. */
export function wholeStatus(changes: Partial<Sources> = {}): Promise<SeenStatus> {
  const config = homeConfig(wholeHome);
  return lookAtSite({ name: "home", config }, wellSources(config, changes), now);
}
