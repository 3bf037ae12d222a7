/** Ceph: its health, its disks, and how full it is. */
import { givenGiB, nearFull, spared, usableGiB } from "../../../components/storage/classes.ts";
import { storageNamespace } from "../../../components/storage/operator-values.ts";
import type { Check } from "../../doctor/check.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { ok, problem, warning, type Finding } from "../../doctor/finding.ts";
import { objects } from "../../doctor/kubectl.ts";
import type { SiteConfig } from "../../schema.ts";
import { storageMachines } from "./machines.ts";

/** A CephCluster, as far as the doctor looks. */
export interface CephInForce {
  readonly status?: {
    readonly phase?: string;
    /** `Error` where the operator could not do what the spec asks for; `message` says why. */
    readonly state?: string;
    readonly message?: string;
    readonly ceph?: {
      readonly health?: string;
      /** When Rook looked at it last. */
      readonly lastChecked?: string;
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
  readonly status?: {
    readonly readyReplicas?: number;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly lastTransitionTime?: string;
    }[];
  };
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
      run: async () =>
        judgeCeph(config, await objects<CephInForce>(run, "cephclusters.ceph.rook.io")),
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

/** Its health with the words of each warning, what its operator cannot do, and how full its disks are. */
export function judgeCeph(
  config: Pick<SiteConfig, "machines" | "storage">,
  clusters: readonly CephInForce[],
): readonly Finding[] {
  const { status } = clusters[0] ?? {};
  if (status?.ceph?.health === undefined) {
    const text = `is not there: ${status?.phase ?? "no CephCluster"} ${status?.message ?? ""}`;
    return [problem("Ceph", text.trim(), "npm run up; kubectl -n rook-ceph get pods")];
  }
  return [
    ...health(status.ceph),
    ...operator(status),
    ...size(status.ceph, storageMachines(config)),
    ...fullness(status.ceph, usableGiB(storageMachines(config))),
  ];
}

/**
 * Ceph counts the room of disks that are in, as they were when their daemons started (ceph/src/mon/PGMap.cc, check_osd_map). Whose
 * daemon does not run is named with the disks.
 */
function size(
  { capacity: { bytesTotal = 0 } = {}, details = {} }: Ceph,
  machines: ReturnType<typeof storageMachines>,
): readonly Finding[] {
  const given = givenGiB(machines);
  const missing = given - bytesTotal / 2 ** 30;
  if (bytesTotal === 0 || missing < 1 || "OSD_DOWN" in details) return [];
  const text = `uses ${Math.floor(given - missing)} of the ${given} GiB that the config gives it: a disk is out, or has grown since its daemon started`;
  return [
    warning(
      "size of Ceph",
      text,
      `${tools} osd tree has REWEIGHT 0 for those that are out; npm run up takes them in`,
    ),
  ];
}

type Status = NonNullable<CephInForce["status"]>;
type Ceph = NonNullable<Status["ceph"]>;

/** Ceph may be healthy while nothing that is changed comes into force (rook pkg/operator/ceph/controller/conditions.go). */
function operator({ state, message = "it does not say why" }: Status): readonly Finding[] {
  if (state !== "Error") return [];
  const logs = `kubectl -n ${storageNamespace.name} logs deploy/rook-ceph-operator`;
  return [problem("Ceph's operator", `cannot do what is asked for: ${message}`, logs)];
}

function health({ health: said = "", details = {} }: Ceph): readonly Finding[] {
  if (said === "HEALTH_OK") return [ok("Ceph", said)];
  const words = Object.entries(details).map(([code, { message }]) => `${code}: ${message}`);
  const text = `${said}: ${words.join("; ") || "it does not say why"}`;
  const recovers = Object.keys(details).some((code) => code in whileRecovering);
  const remedy = recovers
    ? `what was lost is copied anew by itself, with claims still served, once enough hosts, or on one host disks, are there (${tools} status shows how far it is); bring back what is lost, or see docs/storage.md`
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

/** `roomGiB` may be used with room to lose a host; 0 where there is one host, which cannot be made good for. */
function fullness(
  { capacity: { bytesTotal = 0, bytesUsed = 0 } = {} }: Ceph,
  roomGiB: number,
): readonly Finding[] {
  if (bytesTotal === 0) return [];
  const percent = Math.round((bytesUsed / bytesTotal) * 100);
  const subject = "room in Ceph";
  const text = `${percent} % of ${Math.round(bytesTotal / 2 ** 30)} GiB on disks are used`;
  const remedy = "delete data, or give machines larger or further disks";
  if (bytesUsed >= bytesTotal * nearFull) {
    return [problem(subject, `${text}; at 95 % nothing can be written`, remedy)];
  }
  if (bytesUsed <= roomGiB * 2 ** 30) return [ok(subject, text)];
  const lost = `${text}; above ${roomGiB} GiB what a lost host or disk held is not copied anew`;
  return [warning(subject, lost, remedy)];
}

/** Every disk that the config gives to storage has a daemon that runs, and Ceph has no disks besides. */
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
  const nodes = daemons.map(
    ({ spec }) => spec?.template?.spec?.nodeSelector?.["kubernetes.io/hostname"] ?? "no node",
  );
  const strangers = [...new Set(nodes)]
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
  const room = usableGiB(machines);
  const part = spared(machines);
  const spare = `${room} GiB may be used with room to lose ${part === "nothing" ? part : `a ${part}`}`;
  return [ok("disks of Ceph", `all ${count} have a daemon that runs; ${spare}`)];
}
