/** Which release of what runs in a cluster may follow which. RKE2's own are in rke2/version-step.ts. */
import { ResourceHook } from "@pulumi/pulumi";

/** How the releases of a product may follow each other, as its authors have it. */
interface Product {
  /** As people call it. */
  readonly name: string;
  /** Its key of the site's file. */
  readonly key: string;
  /** What its releases are counted by: the first number of a version, or the second. */
  readonly series: "major" | "minor";
  /** How many series a step may go ahead, and how many back. */
  readonly ahead: number;
  readonly back: number;
  readonly why: string;
  /** The first release of the series before from which a series can be reached. */
  readonly from?: Readonly<Record<number, string>>;
}

export const products = {
  /** https://docs.cilium.io/en/stable/operations/upgrade/ tests upgrade and rollback between minors that follow each other. */
  cilium: {
    name: "Cilium",
    key: "homelab:versions.cilium",
    ...{ series: "minor", ahead: 1, back: 1 },
    why: "only minors that follow each other are tested",
  },
  /** https://cert-manager.io/docs/installation/upgrade/ advises one minor at a time; nothing is said of the way back. */
  certManager: {
    name: "cert-manager",
    key: "homelab:versions.certManager",
    ...{ series: "minor", ahead: 1, back: 1 },
    why: "its authors advise one minor at a time",
  },
  /** https://rook.io/docs/rook/v1.20/Upgrade/rook-upgrade/ has a guide from each minor to the next, and none back. */
  rook: {
    name: "Rook",
    key: "homelab:versions.rookCeph",
    ...{ series: "minor", ahead: 1, back: 0 },
    why: "Rook is upgraded from one minor to the next, and has no way back",
    from: { 20: "v1.19.5" },
  },
  /**
   * What cephadm lets through (ceph/src/pybind/mgr/cephadm/upgrade.py, _check_target_version). Rook itself only logs that
   * "downgrading is not supported", and goes on (rook/pkg/operator/ceph/cluster/version.go).
   */
  ceph: {
    name: "Ceph",
    key: "homelab:versions.ceph",
    ...{ series: "major", ahead: 2, back: 0 },
    why: "Ceph goes two majors ahead at most, and none back: older daemons cannot read what newer ones have written",
  },
} as const satisfies Record<string, Product>;

/** Why a release of a product cannot follow another; undefined when it can, and where one of the two is no release. */
export function releaseStep(product: Product, from: string, to: string): string | undefined {
  const { name, series, ahead, back, why } = product;
  const [old, next] = [numbers(from), numbers(to)];
  if (old === undefined || next === undefined) return undefined;
  const count = series === "major" ? 0 : 1;
  const [before, after] = [old[count], next[count]];
  const what = (one: number): string => (series === "major" ? `v${one}` : `1.${one}`);
  if (after > before + ahead)
    return `${name} ${to} skips a ${series}: ${from} runs, and ${why}; use a ${what(before + ahead)} release first, then this one`;
  if (after < before - back) {
    const way =
      back > 0
        ? `use a ${what(before - back)} release first, then this one`
        : `put ${from} back, or a newer one`;
    return `${name} ${to} is older than ${from}, which runs, and ${why}; ${way}`;
  }
  const first = after > before ? product.from?.[after] : undefined;
  if (first !== undefined && isOlder(old, numbers(first) ?? old))
    return `${name} ${to} cannot follow ${from}, which runs; use ${first} or a newer one of that ${series} first`;
  return undefined;
}

type Numbers = readonly [major: number, minor: number, patch: number];

function numbers(text: string): Numbers | undefined {
  const match = /^v?(\d+)\.(\d+)\.(\d+)$/.exec(text);
  if (match === null) return undefined;
  const [major = 0, minor = 0, patch = 0] = match.slice(1).map(Number);
  return [major, minor, patch];
}

function isOlder(one: Numbers, other: Numbers): boolean {
  const i = one.findIndex((number, at) => number !== other[at]);
  return i >= 0 && (one[i] ?? 0) < (other[i] ?? 0);
}

/**
 * Refuses such a step before anything is changed, already in a preview: the engine compares with what is in force. `read`
 * finds the release among a resource's inputs; by default it is a chart's version.
 */
export function releaseStepHook(
  product: Product,
  next: string,
  read: (inputs: Readonly<Record<string, unknown>>) => unknown = ({ version }) => version,
): ResourceHook {
  return new ResourceHook(
    `${product.name.toLowerCase()}-step`,
    ({ oldInputs }) => {
      const before = read((oldInputs ?? {}) as Readonly<Record<string, unknown>>);
      const problem = typeof before === "string" ? releaseStep(product, before, next) : undefined;
      if (problem !== undefined) throw new Error(`${product.key}: ${problem}`);
    },
    { onDryRun: true },
  );
}
