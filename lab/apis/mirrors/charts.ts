import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { parse, stringify } from "yaml";
import { z } from "zod";
import type { MirroredThing, Offer, OffersOf } from "./offer.ts";
import { readFromTar, writeTar } from "./tar.ts";

/** Charts that each chart repository publishes; a repository is a host, or a host and a path below it. */
export const chartRepositories: Readonly<Record<string, readonly string[]>> = {
  "1password.github.io/connect-helm-charts": ["connect"],
  "backube.github.io/helm-charts": ["volsync"],
  "argoproj.github.io/argo-helm": ["argo-cd"],
  "charts.jetstack.io": ["cert-manager", "trust-manager"],
  "charts.rook.io/release": ["rook-ceph", "rook-ceph-cluster"],
  "ceph.github.io/ceph-csi-operator": ["ceph-csi-drivers"],
  "cloudnative-pg.github.io/charts": ["cloudnative-pg", "plugin-barman-cloud"],
  "helm.cilium.io": ["cilium"],
  "pkgs.tailscale.com/helmcharts": ["tailscale-operator"],
  "prometheus-community.github.io/helm-charts": [
    "kube-prometheus-stack",
    "prometheus-operator-crds",
  ],
  "stakater.github.io/stakater-charts": ["reloader"],
  "strimzi.io/charts": ["strimzi-kafka-operator"],
};

/** Charts that lie in registries, by registry and folder there. */
export const chartRegistries: Readonly<Record<string, readonly string[]>> = {
  "docker.io/envoyproxy": ["gateway-helm"],
  "ghcr.io/dragonflydb/dragonfly-operator/helm": ["dragonfly-operator"],
};

const chartFile = z.looseObject({ name: z.string(), version: z.string() });

/** A chart as it is published. */
export interface PackagedChart {
  readonly metadata: z.infer<typeof chartFile>;
  readonly archive: Buffer;
  readonly thing: MirroredThing;
}

/** Where charts come from. */
export interface ChartSources {
  /** One folder a chart: the lab's own. */
  readonly chartsSource: string;
  /** Folder with real packaged charts (`NAME-VERSION.tgz`); these win. */
  readonly chartsDir?: string;
}

/** One chart repository (Helm, "The Chart Repository Guide"): `index.yaml` and the archives. */
export function chartOffers(repository: string, sources: ChartSources): OffersOf {
  const base = repository.slice(hostOf(repository).length);
  return (path) => {
    const charts = chartsOf(repository, sources);
    if (path === `${base}/index.yaml`)
      return { body: index(repository, charts), type: "text/yaml" };
    const wanted = charts.find(({ metadata }) => path === `${base}/${archiveName(metadata)}`);
    return wanted === undefined ? undefined : archiveOffer(wanted.archive);
  };
}

/** The host of a repository. */
export function hostOf(repository: string): string {
  return repository.split("/")[0] ?? repository;
}

/** The charts of a repository or registry: every real one, and the lab's where there is no real one. */
export function chartsOf(repository: string, sources: ChartSources): PackagedChart[] {
  const names = chartRepositories[repository] ?? chartRegistries[repository] ?? [];
  return names.flatMap((name) => {
    const real = realCharts(name, sources.chartsDir);
    return real.length > 0 ? real : labChart(name, sources.chartsSource);
  });
}

function realCharts(name: string, folder: string | undefined): PackagedChart[] {
  if (folder === undefined || !existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.startsWith(`${name}-`) && file.endsWith(".tgz"))
    .flatMap((file): PackagedChart[] => {
      const from = join(folder, file);
      const archive = readFileSync(from);
      const text = readFromTar(gunzipSync(archive), (path) => path === `${name}/Chart.yaml`);
      if (text === undefined) return [];
      const metadata = readMetadata(text.toString("utf8"), from);
      return [{ metadata, archive, thing: thingOf(metadata, "real", from) }];
    });
}

function labChart(name: string, source: string): PackagedChart[] {
  const folder = join(source, name);
  const file = join(folder, "Chart.yaml");
  if (!existsSync(file)) return [];
  const metadata = readMetadata(readFileSync(file, "utf8"), file);
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((full) => ({ path: `${name}/${relative(folder, full)}`, body: readFileSync(full) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  // Helm reads the chart's own file first.
  entries.sort(
    (a, b) => Number(b.path === `${name}/Chart.yaml`) - Number(a.path === `${name}/Chart.yaml`),
  );
  const archive = gzipSync(writeTar(entries));
  return [{ metadata, archive, thing: thingOf(metadata, "stand-in", folder) }];
}

function readMetadata(text: string, from: string): PackagedChart["metadata"] {
  const result = chartFile.safeParse(parse(text));
  if (!result.success)
    throw new Error(`${from}: not a Chart.yaml: ${z.prettifyError(result.error)}`);
  return result.data;
}

function thingOf(
  { name, version }: PackagedChart["metadata"],
  kind: MirroredThing["kind"],
  detail: string,
): MirroredThing {
  return { name: `chart ${name} ${version}`, kind, detail };
}

function archiveName({ name, version }: PackagedChart["metadata"]): string {
  return `${name}-${version}.tgz`;
}

function archiveOffer(archive: Buffer): Offer {
  return { body: archive, type: "application/x-tar" };
}

function index(repository: string, charts: readonly PackagedChart[]): Buffer {
  const entries: Record<string, unknown[]> = {};
  for (const { metadata, archive } of charts)
    (entries[metadata.name] ??= []).push({
      ...metadata,
      digest: createHash("sha256").update(archive).digest("hex"),
      urls: [`https://${repository}/${archiveName(metadata)}`],
    });
  return Buffer.from(stringify({ apiVersion: "v1", entries, generated: new Date().toISOString() }));
}
