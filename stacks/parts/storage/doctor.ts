/** Ceph: its health, its disks, and how full it is. */
import { nearFull, usableGiB } from "../../../components/storage/classes.ts";
import { storageNamespace } from "../../../components/storage/operator-values.ts";
import type { Check } from "../../doctor/check.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { ok, problem, warning, type Finding } from "../../doctor/finding.ts";
import type { SiteConfig } from "../../schema.ts";
import { objects } from "../cluster/doctor.ts";
import { storageMachines } from "./machines.ts";

/** A CephCluster, as far as the doctor looks. */
export interface CephInForce {
  readonly status?: {
    readonly phase?: string;
    readonly message?: string;
    readonly ceph?: {
      readonly health?: string;
      readonly details?: Readonly<
        Record<string, { readonly severity: string; readonly message: string }>
      >;
      readonly capacity?: { readonly bytesTotal?: number; readonly bytesUsed?: number };
    };
  };
}

/** A disk's daemon, as far as the doctor looks. */
export interface OsdInForce {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: {
    readonly template?: {
      readonly spec?: { readonly nodeSelector?: Readonly<Record<string, string>> };
    };
  };
  readonly status?: { readonly readyReplicas?: number };
}

/** None where the site has no storage, or has not been brought up. */
export function storageChecks(
  { config, isUp }: Pick<Examined, "config" | "isUp">,
  run: ClusterCommand,
): readonly Check[] {
  if (config.storage === undefined || !isUp) return [];
  return [
    {
      subject: "Ceph",
      run: async () => judgeCeph(await objects<CephInForce>(run, "cephclusters.ceph.rook.io")),
    },
    {
      subject: "disks of Ceph",
      run: async () => {
        const daemons = await objects<OsdInForce>(run, "deployments.apps");
        return judgeDisks(
          config,
          daemons.filter(({ metadata }) => metadata.labels?.["app"] === "rook-ceph-osd"),
        );
      },
    },
  ];
}

const tools = `kubectl -n ${storageNamespace.name} exec deploy/rook-ceph-tools -- ceph`;

/** Its health with the words of each warning, and how full its disks are. */
export function judgeCeph(clusters: readonly CephInForce[]): readonly Finding[] {
  const { status } = clusters[0] ?? {};
  if (status?.ceph?.health === undefined) {
    const text = `is not there: ${status?.phase ?? "no CephCluster"} ${status?.message ?? ""}`;
    return [problem("Ceph", text.trim(), "npm run up; kubectl -n rook-ceph get pods")];
  }
  return [...health(status.ceph), ...fullness(status.ceph)];
}

type Ceph = NonNullable<NonNullable<CephInForce["status"]>["ceph"]>;

function health({ health: said = "", details = {} }: Ceph): readonly Finding[] {
  if (said === "HEALTH_OK") return [ok("Ceph", said)];
  const words = Object.entries(details).map(([code, { message }]) => `${code}: ${message}`);
  const text = `${said}: ${words.join("; ") || "it does not say why"}`;
  const recovers = Object.keys(details).some((code) => code in whileRecovering);
  const remedy = recovers
    ? `what was lost is copied anew by itself, with claims still served, once enough hosts are there (${tools} status shows how far it is); bring the host back, or take its machine out of homelab:machines`
    : `${tools} health detail`;
  return [said === "HEALTH_ERR" ? problem("Ceph", text, remedy) : warning("Ceph", text, remedy)];
}

/** Warnings of a lost host or disk (https://docs.ceph.com/en/tentacle/rados/operations/health-checks/). */
const whileRecovering: Readonly<Record<string, true>> = {
  OSD_DOWN: true,
  OSD_HOST_DOWN: true,
  OSD_ZONE_DOWN: true,
  PG_DEGRADED: true,
  PG_AVAILABILITY: true,
  MON_DOWN: true,
};

function fullness({ capacity: { bytesTotal = 0, bytesUsed = 0 } = {} }: Ceph): readonly Finding[] {
  if (bytesTotal === 0) return [];
  const percent = Math.round((bytesUsed / bytesTotal) * 100);
  const subject = "room in Ceph";
  const text = `${percent} % of ${Math.round(bytesTotal / 2 ** 30)} GiB on disks are used`;
  if (bytesUsed < bytesTotal * nearFull) return [ok(subject, text)];
  return [
    problem(
      subject,
      `${text}; at 95 % nothing can be written`,
      "delete data, or give machines larger or further disks",
    ),
  ];
}

/** Every disk that the config gives to storage has a daemon that runs, and used space leaves room to lose a host. */
export function judgeDisks(
  config: Pick<SiteConfig, "machines" | "storage">,
  daemons: readonly OsdInForce[],
): readonly Finding[] {
  const machines = storageMachines(config);
  const on = (name: string): readonly OsdInForce[] =>
    daemons.filter(
      ({ spec }) => spec?.template?.spec?.nodeSelector?.["kubernetes.io/hostname"] === name,
    );
  const missing = machines.flatMap(({ name, disks: { length } }) => {
    const running = on(name).filter(({ status }) => (status?.readyReplicas ?? 0) > 0).length;
    if (running >= length) return [];
    const text = `${running} of ${length} disks for storage have a daemon that runs`;
    const remedy =
      "look at the machine (above); a disk that was used before is passed over in silence: lsblk -f on it, docs/storage.md";
    return [problem(`disks of ${name}`, text, remedy)];
  });
  const strangers = daemons
    .map(({ spec }) => spec?.template?.spec?.nodeSelector?.["kubernetes.io/hostname"] ?? "")
    .filter((node) => !machines.some(({ name }) => name === node))
    .map((node) =>
      warning(
        `disks of ${node}`,
        "are in Ceph, and the config gives them to nobody",
        "npm run up takes out those of a machine that left; else docs/storage.md",
      ),
    );
  if (missing.length + strangers.length > 0) return [...missing, ...strangers];
  const count = machines.reduce((sum, { disks: { length } }) => sum + length, 0);
  const text = `all ${count} have a daemon that runs; ${usableGiB(machines)} GiB may be used with room to lose a host`;
  return [ok("disks of Ceph", text)];
}
