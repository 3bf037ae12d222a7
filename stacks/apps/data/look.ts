/** Volumes that are there: what a change of the site file means for them, told before anything is changed. */
import type { Known } from "../../../components/proxmox/known-machines.ts";
import type { Problem } from "../../../components/problem.ts";
import type { KnownClaim } from "../../../components/storage/known.ts";
import type { DataPlan } from "../../../components/workload/stateful/data.ts";
import type { Judged } from "../../config/problem.ts";
import type { SiteConfig } from "../../schema.ts";
import { siteVolumes, type SiteVolume } from "./volumes.ts";

/**
 * Compares with the state. A volume whose application is gone stays, with its namespace, until `homelab:allowDataLoss` names
 * it: the program goes on registering it as it is. One that is in use neither shrinks nor moves: Kubernetes refuses the one,
 * and for the other Pulumi would delete it and make an empty one (pulumi-kubernetes, provider/pkg/provider/diff.go,
 * PersistentVolumeClaim).
 */
export function judgeVolumes(
  config: SiteConfig,
  { volumes: claims = [] }: Pick<Known, "volumes">,
): Judged<readonly DataPlan[]> {
  const wanted = siteVolumes(config);
  const allowed = new Set(config.allowDataLoss);
  const gone = claims.filter((claim) => !wanted.some((one) => isSame(one, claim)));
  const kept = gone.filter(({ data }) => !entriesOf(data).some((entry) => allowed.has(entry)));
  return {
    found: plans(kept),
    problems: [
      ...wanted.flatMap((volume) => changed(volume, claims)),
      ...(config.storage === undefined ? kept.flatMap(homeless) : []),
    ],
    notes: kept.map(note),
  };
}

const isSame = (
  one: Pick<SiteVolume, "namespace" | "name">,
  other: Pick<SiteVolume, "namespace" | "name">,
): boolean => one.namespace === other.namespace && one.name === other.name;

/** The entries of `allowDataLoss` that let a volume go: its own, and that of all volumes of its application. */
export function entriesOf(data: string): readonly string[] {
  const [kind = "", name = ""] = data.split("/");
  return kind === "apps" ? [data, `${kind}/${name}`] : [data];
}

function plans(kept: readonly KnownClaim[]): readonly DataPlan[] {
  return [...new Set(kept.map(({ namespace }) => namespace))].map((name) => ({
    namespace: { name },
    volumes: kept.filter(({ namespace }) => namespace === name),
  }));
}

function changed(volume: SiteVolume, claims: readonly KnownClaim[]): readonly Problem[] {
  const there = claims.find((claim) => isSame(volume, claim));
  if (there === undefined) return [];
  const { path, sizeGiB, class: wanted, shared } = volume;
  const problems: Problem[] = [];
  if (sizeGiB < there.sizeGiB)
    problems.push({
      path: `${path}.sizeGiB`,
      text: `the volume has ${there.sizeGiB} GiB, and none shrinks; write ${there.sizeGiB} or more`,
    });
  if (wanted !== there.class)
    problems.push({
      path: `${path}.class`,
      text: `the volume is of the class ${there.class}, and a volume of another one would be empty; write class: ${there.class}`,
    });
  if (shared !== there.shared)
    problems.push({
      path,
      text: `the volume is there for ${there.shared ? "many nodes" : "one node"} at a time, and stays so; take its data elsewhere, and let it go by homelab:allowDataLoss first`,
    });
  return problems;
}

function homeless({ data, class: named }: KnownClaim): readonly Problem[] {
  const text = `${data} is kept in the class ${named}, which would go; switch storage on again, or add ${data} to homelab:allowDataLoss`;
  return [{ path: "homelab:storage", text }];
}

function note({ namespace, name, sizeGiB, data }: KnownClaim): string {
  return `kept: the volume ${namespace}/${name} (${sizeGiB} GiB) is nobody's any more, and stays; bring its owner back to use it again, or add ${data} to homelab:allowDataLoss to delete it`;
}
