/** What charts of a site bring, as Helm renders the lab's, or the real one where HOMELAB_CHARTS has it. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { parseAllDocuments } from "yaml";
import type { Recorded } from "../../recorder.ts";
import { recordedHome } from "../components/home-recording.ts";

export interface Workload {
  readonly kind: string;
  readonly metadata: { readonly name?: string; readonly namespace?: string };
  readonly spec: {
    readonly template: {
      readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
      readonly spec: {
        readonly containers: readonly Container[];
        readonly initContainers?: readonly Container[];
      };
    };
  };
}

interface Container {
  readonly name: string;
  readonly ports?: readonly { readonly name?: string }[];
  readonly resources?: { readonly requests?: Readonly<Record<string, string>> };
}

export interface Release {
  readonly name: string;
  readonly namespace: string;
  readonly chart: string;
  readonly version: string;
  readonly values?: unknown;
  readonly skipAwait?: boolean;
}

/** Home with the parts that bring charts of many pods. */
export async function recordedCharts(): Promise<readonly Recorded[]> {
  const { resources } = await recordedHome({
    monitoring: { grafanaPassword: "op://Homelab/Grafana/password" },
    logs: {},
    // Rook makes its own, which the lab's does not.
    "storage.monitoring": false,
  });
  return resources;
}

const workloads = ["Deployment", "DaemonSet", "StatefulSet"];

/** Helm releases among a site's resources. */
export function releasesOf(resources: readonly Recorded[]): readonly Release[] {
  return resources
    .filter(({ type }) => type === "kubernetes:helm.sh/v3:Release")
    .map(({ plain }) => plain as unknown as Release);
}

/** What of a release runs pods; undefined where its chart cannot be had: the lab plays neither Prometheus nor others. */
export function rendered({
  name,
  namespace,
  chart,
  version,
  values,
}: Release): readonly Workload[] | undefined {
  const file = basename(chart);
  const packaged = `${process.env["HOMELAB_CHARTS"] ?? ""}/${file}-${version}.tgz`;
  const own = new URL(`../../../lab/charts/${file}`, import.meta.url).pathname;
  const path = existsSync(packaged) ? packaged : own;
  if (!existsSync(path)) return undefined;
  const text = execFileSync("helm", ["template", name, path, "-n", namespace, "-f", "-"], {
    input: JSON.stringify(values ?? {}),
    encoding: "utf8",
    maxBuffer: 64 << 20,
  });
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Workload | null)
    .filter((object): object is Workload => object !== null && workloads.includes(object.kind));
}
