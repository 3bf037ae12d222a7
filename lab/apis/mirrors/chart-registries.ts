import { createHash } from "node:crypto";
import { chartsOf, hostOf, type ChartSources, type PackagedChart } from "./charts.ts";
import type { Offer, OffersOf } from "./offer.ts";

/** Media types of a chart in a registry: https://helm.sh/docs/topics/registries/#helm-chart-manifest */
const types = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.cncf.helm.config.v1+json",
  chart: "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
} as const;

/** Host of a registry's API. Docker Hub's is another one than its images name (distribution/reference). */
export function registryHost(registry: string): string {
  const host = hostOf(registry);
  return host === "docker.io" ? "registry-1.docker.io" : host;
}

/**
 * Charts of a registry, such as `docker.io/envoyproxy`: manifests by tag or digest, and their blobs
 * (https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pull). Nobody is asked for a token.
 */
export function registryOffers(registry: string, sources: ChartSources): OffersOf {
  const folder = registry.slice(hostOf(registry).length);
  return (path) => {
    if (path === "/v2/") return { body: Buffer.from("{}"), type: "application/json" };
    for (const chart of chartsOf(registry, sources)) {
      const base = `/v2${folder}/${chart.metadata.name}`;
      if (!path.startsWith(`${base}/`)) continue;
      const found = inRepository(chart, path.slice(base.length + 1));
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

function inRepository({ metadata, archive }: PackagedChart, path: string): Offer | undefined {
  const config = Buffer.from(JSON.stringify(metadata));
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: types.manifest,
      config: described(config, types.config),
      layers: [described(archive, types.chart)],
    }),
  );
  // A tag cannot hold a plus sign; Helm writes an underscore for it.
  const tag = metadata.version.replaceAll("+", "_");
  if (path === `manifests/${tag}` || path === `manifests/${digest(manifest)}`)
    return {
      body: manifest,
      type: types.manifest,
      headers: { "docker-content-digest": digest(manifest) },
    };
  const blob = [config, archive].find((body) => path === `blobs/${digest(body)}`);
  return blob && { body: blob, type: "application/octet-stream" };
}

function described(body: Buffer, mediaType: string) {
  return { mediaType, digest: digest(body), size: body.length };
}

function digest(body: Buffer): string {
  return `sha256:${createHash("sha256").update(body).digest("hex")}`;
}
