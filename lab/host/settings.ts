/** What the starter of a lab tells its process, in a file of the state directory. */
import { access, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { LabPaths } from "./paths.ts";

const schema = z.strictObject({
  /** The tools' paths, as `ensureTools` gives them. */
  tools: z.strictObject({
    bin: z.string(),
    kubernetesBin: z.string(),
    guest: z.string(),
    rke2: z.string(),
    tailscale: z.string(),
    plugins: z.string(),
    kubernetesPlugin: z.string(),
    repositories: z.string(),
    podPrograms: z.string(),
    acme: z.string(),
  }),
  /** Folder of real packaged charts: `HOMELAB_CHARTS`, or those that their repositories gave. */
  charts: z.string().optional(),
  /** Pulumi's plugins and which of them are official. */
  plugins: z.array(
    z.strictObject({
      name: z.string(),
      version: z.string(),
      kind: z.enum(["official", "stand-in"]),
      path: z.string(),
    }),
  ),
});

export type LabSettings = z.infer<typeof schema>;

const settingsFile = (paths: LabPaths): string => join(paths.run, "tools.json");

export async function writeSettings(paths: LabPaths, settings: LabSettings): Promise<void> {
  const file = settingsFile(paths);
  await writeFile(`${file}.new`, JSON.stringify(schema.parse(settings), undefined, 2));
  await rename(`${file}.new`, file);
}

/** Whether the lab was started, and its state directory is still there. */
export async function hasSettings(paths: LabPaths): Promise<boolean> {
  try {
    await access(settingsFile(paths));
    return true;
  } catch {
    return false;
  }
}

/** Settings of the last start; throws when the lab was never started. */
export async function readSettings(paths: LabPaths): Promise<LabSettings> {
  const file = settingsFile(paths);
  try {
    return schema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    throw new Error(`${file}: ${String(error)}; start the lab with \`npm run lab -- start\``);
  }
}

/** Whether a lab that was started with `running` does what one with `wanted` would; without charts it keeps those that it has. */
export const servesAs = (running: LabSettings, wanted: LabSettings): boolean =>
  isDeepStrictEqual(running.tools, wanted.tools) &&
  (wanted.charts === undefined || wanted.charts === running.charts);
