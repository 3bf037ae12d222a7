import type { Problem } from "../../components/problem.ts";
import { namesOf } from "./names.ts";
import { statefulApplication } from "./stateful.ts";

/** Builds of its image for a GPU have tags of their own (docs/docs/features/ml-hardware-acceleration.md). */
const forGpu = /-openvino(?=@|$)/;

/** The release of a tag, which is the server's; a digest is each image's own. */
export const releaseOf = (version: string): string =>
  (version.split("@")[0] ?? "").replace(forGpu, "");

/**
 * Immich's machine learning, which Immich alone asks. It is an application of its own: in the server's pod the photos would be away
 * whenever it is. Its image runs as anybody who may write to /cache (docs/docs/FAQ.mdx, "How can I run Immich as a non-root user?").
 */
export const immichMachineLearning = statefulApplication({
  title: "ImmichMachineLearning",
  about: "Immich's machine learning: faces, what is in a picture, texts in it",
  image: "ghcr.io/immich-app/immich-machine-learning",
  port: 3003,
  probe: { path: "/ping" },
  user: { uid: 1000, gid: 1000 },
  volumes: [{ name: "models", folder: "/cache", sizeGiB: 10, backup: false }],
  // What it is asked with above 64 MiB lies there (machine-learning/immich_ml/main.py, MultiPartParser.spool_max_size).
  tmp: "4Gi",
  cpu: "200m",
  memory: { request: "1Gi", limit: "4Gi" },
  environment: () => ({
    ...{ HOME: "/cache", TRANSFORMERS_CACHE: "/cache", MPLCONFIGDIR: "/cache/matplotlib" },
    HF_XET_CACHE: "/cache/huggingface-xet",
    // gunicorn's socket for its own tools lies in a folder that is not there to write, and with it its start has hung (immich #27173).
    GUNICORN_CMD_ARGS: "--no-control-socket",
  }),
  // Models; those that read texts come from RapidOCR's place (immich #23454).
  egress: [
    { names: ["huggingface.co", "**.huggingface.co", "**.hf.co"], ports: [443] },
    { names: ["**.modelscope.cn"], ports: [443] },
  ],
  checks: ({ name, config, site }, path): readonly Problem[] => {
    const { version, devices } = config;
    const server = site.apps.immich;
    const found: Problem[] = [];
    if (namesOf(name, config).length > 0)
      found.push({
        path: `${path}.expose`,
        text: "it asks nobody who he is, and Immich reaches it without a name; remove it",
      });
    if (server !== undefined && releaseOf(server.version) !== releaseOf(version))
      found.push({
        path: `${path}.version`,
        text: `${version} is not of Immich's release ${releaseOf(server.version)}, by which alone it is understood; use the same`,
      });
    if (forGpu.test(version) && devices.length === 0)
      found.push({
        path: `${path}.devices`,
        text: `${version} is the build for a GPU; name it under \`devices\`, or use the plain build`,
      });
    return found;
  },
});
