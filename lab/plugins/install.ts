import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import type { Tools } from "../../toolchain/tools.ts";

/** A plugin that the lab's Pulumi finds. */
export interface InstalledPlugin {
  readonly name: string;
  readonly version: string;
  readonly kind: "official" | "stand-in";
  /** The binary that the link in the plugin folder leads to. */
  readonly path: string;
}

export interface PluginSources {
  /** The lab's PULUMI_HOME; links are made below its `plugins` folder. */
  readonly pulumiHome: string;
  /** Folder of the `pulumi` binary: only read. */
  readonly toolsBin: string;
  /** The stand-ins: the multi-call binary, and the one of Kubernetes alone. */
  readonly standIns: Pick<Tools, "plugins" | "kubernetesPlugin">;
  /** Folder with official binaries (`pulumi-resource-NAME`, `pulumi-language-nodejs`): HOMELAB_PLUGINS. */
  readonly official?: string | undefined;
  /** Where the user's own `pulumi plugin install` puts plugins. Default: `~/.pulumi`. */
  readonly userHome?: string;
  /** PATH to look for an official language host on. Default: the process's. */
  readonly searchPath?: string;
  /**
   * Versions by plugin name, `nodejs` being the language host. Default: what the installed SDKs ask for.
   */
  readonly versions?: Readonly<Record<string, string>>;
}

const languageHost = "nodejs";

/** The SDK that asks for each plugin. */
const sdks = {
  cloudflare: "@pulumi/cloudflare",
  command: "@pulumi/command",
  kubernetes: "@pulumi/kubernetes",
  proxmoxve: "@muhlba91/pulumi-proxmoxve",
  random: "@pulumi/random",
  tailscale: "@pulumi/tailscale",
  tls: "@pulumi/tls",
  [languageHost]: "@pulumi/pulumi",
} as const;

/** The plugin versions that the installed SDKs ask for: `pulumi.version` of package.json, else its own. */
export function sdkVersions(): Record<string, string> {
  const { resolve: locate } = createRequire(import.meta.url);
  return Object.fromEntries(
    Object.entries(sdks).map(([name, sdk]) => {
      const manifest = JSON.parse(readFileSync(locate(`${sdk}/package.json`), "utf8")) as {
        readonly version: string;
        readonly pulumi?: { readonly version?: string };
      };
      return [name, (manifest.pulumi?.version ?? manifest.version).replace(/^v/, "")];
    }),
  );
}

/**
 * Links each plugin into PULUMI_HOME: the official binary where one is at hand, else the stand-in.
 * Can be run again at any time; a link is replaced in one step, so that a running lab never lacks one.
 *
 * The language host is a plugin like the others there: Pulumi looks for it on PATH and beside its own
 * binary first, and warns about neither when it is found in PULUMI_HOME.
 *
 * @throws when a binary of the stand-ins does not exist, or HOMELAB_PLUGINS names no folder.
 */
export function installPlugins(sources: PluginSources): Promise<InstalledPlugin[]> {
  return Promise.resolve().then(() => {
    for (const binary of [sources.standIns.plugins, sources.standIns.kubernetesPlugin])
      if (!executable(binary))
        throw new Error(`${binary}: no executable; build it as toolchain/pins.ts says`);
    if (named(sources.official) && !existsSync(sources.official))
      throw new Error(`HOMELAB_PLUGINS=${sources.official}: no such folder`);
    return Object.entries(sources.versions ?? sdkVersions()).map(([name, version]) => {
      const file = fileName(name);
      const official = candidates(sources, name, version).find(executable);
      const path = resolve(official ?? standIn(sources, name));
      link(path, join(sources.pulumiHome, "plugins", folderName(name, version), file));
      return { name, version, kind: official === undefined ? "stand-in" : "official", path };
    });
  });
}

const standIn = ({ standIns }: PluginSources, name: string): string =>
  name === "kubernetes" ? standIns.kubernetesPlugin : standIns.plugins;

const fileName = (name: string): string =>
  name === languageHost ? `pulumi-language-${name}` : `pulumi-resource-${name}`;

const folderName = (name: string, version: string): string =>
  `${name === languageHost ? "language" : "resource"}-${name}-v${version}`;

/** Where an official plugin may lie, the most explicit place first. */
function candidates(sources: PluginSources, name: string, version: string): string[] {
  const file = fileName(name);
  const userHome = sources.userHome ?? join(homedir(), ".pulumi");
  const places = named(sources.official) ? [join(sources.official, file)] : [];
  if (resolve(userHome) !== resolve(sources.pulumiHome))
    places.push(join(userHome, "plugins", folderName(name, version), file));
  if (name !== languageHost) return places;
  const path = (sources.searchPath ?? process.env.PATH ?? "").split(delimiter);
  return [...places, ...[sources.toolsBin, ...path].map((folder) => join(folder, file))];
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Absent or not executable: either way it is not a plugin.
    return false;
  }
}

function link(target: string, at: string): void {
  mkdirSync(dirname(at), { recursive: true });
  const fresh = `${at}.${String(process.pid)}`;
  rmSync(fresh, { force: true });
  symlinkSync(target, fresh);
  renameSync(fresh, at);
}

/** An empty environment variable names nothing. */
function named(folder: string | undefined): folder is string {
  return folder !== undefined && folder !== "";
}
