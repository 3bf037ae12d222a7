import { isIn } from "../../../components/names/names.ts";
import type { Problem } from "../../../components/problem.ts";
import {
  domainsNeeded,
  overhead,
  rackLabel,
  spared,
  usableGiB,
  type FailureDomain,
} from "../../../components/storage/classes.ts";
import { coresNeeded, memoryNeededGiB } from "../../../components/storage/requests.ts";
import type { SiteConfig } from "../../schema.ts";
import { storageMachines } from "./machines.ts";

type Machines = ReturnType<typeof storageMachines>;
type Storage = NonNullable<SiteConfig["storage"]>;

/** Disks, hosts and memory carry the classes, and what is to be claimed fits when a host is lost. */
export function checkStorage(config: SiteConfig): readonly Problem[] {
  const { storage } = config;
  if (storage === undefined) return [];
  const machines = storageMachines(config);
  const few = [...disks(config, storage, machines), ...monitors(config)];
  // Without disks or hosts there is nothing that classes could be measured by.
  if (few.length > 0) return [...few, ...versions(config), ...cephOfRook(storage)];
  return [
    ...versions(config),
    ...cephOfRook(storage),
    ...names(machines),
    ...size(machines, config.machines.length === 1),
    ...racks(storage, machines),
    ...defaults(storage),
    ...hostnames(storage),
    ...stores(storage),
    ...domains(storage, machines),
    ...capacity(storage, machines),
  ];
}

function disks(
  { machines }: SiteConfig,
  { disks: named = [] }: Storage,
  found: Machines,
): readonly Problem[] {
  const known = new Set(machines.flatMap(({ extraDisks }) => extraDisks.map(({ name }) => name)));
  const unknown = named
    .map((name, i) => ({ name, path: `homelab:storage.disks[${i}]` }))
    .filter(({ name }) => !known.has(name))
    .map(({ name, path }) => ({
      path,
      text: `no machine has an extra disk ${name}; known are ${[...known].join(", ") || "none"}`,
    }));
  if (unknown.length > 0 || found.length > 0) return unknown;
  const text =
    "has no disks: no machine has extraDisks; give three machines or more on hosts of their own an extra disk each, or " +
    "switch it off with `enabled: false`";
  return [{ path: "homelab:storage", text }];
}

/**
 * Most of three monitors stay when a host is lost; no two of them may share one. Where there is one host alone, all is lost with
 * it anyway; of two, the loss of either could be that of most monitors, or of the only one.
 */
function monitors({ machines }: SiteConfig): readonly Problem[] {
  const hosts = new Set(machines.map(({ host }) => host)).size;
  if (hosts !== 2) return [];
  const text =
    "Ceph's three monitors need machines on three hosts, and there are machines on 2; " +
    "switch storage off with `enabled: false`, or add a host";
  return [{ path: "homelab:storage", text }];
}

/**
 * By Rook's minor, the majors of Ceph that it runs (rook/pkg/operator/ceph/version/version.go, supportedVersions); of others
 * nothing is known. Its operator would leave another one lying, and the way back is refused: it counts as what runs.
 */
const runnable: Readonly<Record<string, readonly number[]>> = {
  "v1.19": [19, 20],
  "v1.20": [19, 20],
};

function cephOfRook({ versions: { rook, ceph } }: Storage): readonly Problem[] {
  const majors = runnable[rook.slice(0, rook.lastIndexOf("."))];
  const major = Number(/^v(\d+)\./.exec(ceph)?.[1]);
  if (majors === undefined || majors.includes(major)) return [];
  const text = `Rook ${rook} does not run Ceph ${ceph}, but v${majors.join(" and v")}; use one of these, or another rookCeph first`;
  return [{ path: "homelab:versions.ceph", text }];
}

/** From here on RKE2's snapshot kinds have what the CSI drivers' snapshotter asks for; before, no snapshot is ever ready. */
const firstRke2 = [1, 35, 3] as const;

function versions({ cluster: { version } }: SiteConfig): readonly Problem[] {
  const found = /^v(\d+)\.(\d+)\.(\d+)\+/.exec(version)?.slice(1).map(Number) ?? [];
  const i = firstRke2.findIndex((number, at) => found[at] !== number);
  if (i === -1 || (found[i] ?? 0) > (firstRke2[i] ?? 0)) return [];
  const text =
    `${version} brings snapshot kinds without volumegroupsnapshots v1beta2, and no snapshot of a volume would ever be ready; ` +
    "use v1.35.3+rke2r1 or newer";
  return [{ path: "homelab:versions.rke2", text }];
}

/** CRUSH has one space of names for machines, hosts and racks, in which a dot is a hyphen. */
function names(machines: Machines): readonly Problem[] {
  return machines
    .filter(({ name, host, labels }) => {
      const above = [host, labels[rackLabel] ?? ""].map((one) => one.replaceAll(".", "-"));
      return above.includes(name) || above[0] === above[1];
    })
    .map(({ index, name, host }) => ({
      path: `homelab:machines[${index}].name`,
      text: `machine ${name}, its host ${host} and its rack need names of their own: Ceph keeps copies apart by these names`,
    }));
}

function size(machines: Machines, alone: boolean): readonly Problem[] {
  return machines.flatMap(({ index, name, role, memoryGiB, cores, disks: { length } }) => {
    const path = `homelab:machines[${index}]`;
    const memory = memoryNeededGiB(role, length, alone);
    const processors = coresNeeded(length, alone);
    const what = `${name} gives ${length === 1 ? "a disk" : `${length} disks`} to storage`;
    return [
      ...(memoryGiB >= memory
        ? []
        : [
            {
              path: `${path}.memoryGiB`,
              text: `${what}, for which Ceph and RKE2 need ${memory} GiB before any application; it has ${memoryGiB}: give it more, or take storage off it`,
            },
          ]),
      ...(cores >= processors
        ? []
        : [
            {
              path: `${path}.cores`,
              text: `${what}, for which Ceph and RKE2 need ${processors} cores; it has ${cores}: give it more, or take storage off it`,
            },
          ]),
    ];
  });
}

function racks({ classes }: Storage, machines: Machines): readonly Problem[] {
  const named = classes.find(({ failureDomain }) => failureDomain === "rack")?.name;
  const missing = machines.filter(({ labels }) => labels[rackLabel] === undefined);
  // A rack for some would put the others nowhere.
  if (missing.length === 0 || (named === undefined && missing.length === machines.length))
    return [];
  const whose =
    named === undefined ? "other machines have one" : `class ${named} keeps racks apart`;
  return missing.map(({ index, name }) => ({
    path: `homelab:machines[${index}].labels`,
    text: `${name} has no rack, and ${whose}; add ${rackLabel}: RACK`,
  }));
}

function defaults({ classes }: Storage): readonly Problem[] {
  const named = classes.filter((plan) => plan.default);
  const path = "homelab:storage.classes";
  if (named.length > 1) {
    const list = named.map(({ name }) => name).join(" and ");
    return [{ path, text: `${list} are both the default; leave \`default: true\` to one` }];
  }
  return named
    .filter(({ kind }) => kind === "bucket")
    .map(({ name }) => ({
      path: `${path}.${name}.default`,
      text: "claims without a class ask for a volume, which a bucket is not; make a block or file class the default",
    }));
}

/** A gateway takes what stands before one of its names for a bucket, so that none lies below another one. */
function hostnames({ classes }: Storage): readonly Problem[] {
  const all = classes.flatMap(({ name, kind, hostnames: own }) =>
    own.map((hostname, i) => ({
      ...{ kind, hostname, class: name },
      path: `homelab:storage.classes.${name}.hostnames[${i}]`,
    })),
  );
  return all.flatMap(({ kind, hostname, path }, i) => {
    if (kind !== "bucket")
      return [{ path, text: "a class of volumes is reached by no name; remove it" }];
    const other = all.find((one, j) => j !== i && isIn(one.hostname, hostname));
    if (other === undefined) return [];
    const text =
      other.hostname === hostname
        ? `${hostname} is a name of ${other.class} too; give each class names of its own`
        : `${hostname} lies below ${other.hostname}, where the gateway takes it for a bucket; use another name`;
    return [{ path, text }];
  });
}

/** What all stores know of each other is in one pool, which is kept apart in one way. */
function stores({ classes }: Storage): readonly Problem[] {
  const [first, ...others] = classes.filter(({ kind }) => kind === "bucket");
  return others
    .filter(({ failureDomain }) => failureDomain !== first?.failureDomain)
    .map(({ name }) => ({
      path: `homelab:storage.classes.${name}.failureDomain`,
      text: `all classes of buckets share a pool, which ${first?.name} keeps apart by ${first?.failureDomain}; use the same here`,
    }));
}

const domainNames: Readonly<Record<FailureDomain, string>> = {
  osd: "disks",
  host: "hosts",
  rack: "racks",
};

function domains({ classes }: Storage, machines: Machines): readonly Problem[] {
  const there: Readonly<Record<FailureDomain, number>> = {
    osd: machines.reduce((sum, { disks: { length } }) => sum + length, 0),
    host: new Set(machines.map(({ host }) => host)).size,
    rack: new Set(machines.map(({ labels }) => labels[rackLabel])).size,
  };
  return classes.flatMap((plan) => {
    const { name, failureDomain, erasureCoding } = plan;
    const needed = domainsNeeded(plan);
    const found = there[failureDomain];
    if (found >= needed) return [];
    const what = domainNames[failureDomain];
    const key = erasureCoding === undefined ? "replicas" : "erasureCoding";
    const parts =
      erasureCoding === undefined
        ? `${needed} copies`
        : `pieces and copies of metadata (${needed})`;
    const text = `${parts} need as many ${what} with disks for storage, and there are ${found}; lower it, or add ${what}`;
    return [{ path: `homelab:storage.classes.${name}.${key}`, text }];
  });
}

function capacity({ classes }: Storage, machines: Machines): readonly Problem[] {
  const usable = usableGiB(machines);
  const parts = classes.filter(({ claimsGiB }) => claimsGiB > 0);
  const wanted = Math.ceil(parts.reduce((sum, plan) => sum + plan.claimsGiB * overhead(plan), 0));
  if (wanted <= usable) return [];
  const sum = parts
    .map((plan) => `${plan.name} ${plan.claimsGiB} x ${Number(overhead(plan).toFixed(2))}`)
    .join(", ");
  const lost = {
    host: "the host with most disks",
    disk: "the largest of one host's disks",
    nothing: "nothing",
  }[spared(machines)];
  const text =
    `claims come to ${wanted} GiB on disks (${sum}), and ${usable} GiB are there when ${lost} is lost and no disk ` +
    "is fuller than 85 %; lower claimsGiB, or give machines larger disks";
  return [{ path: "homelab:storage.classes", text }];
}
