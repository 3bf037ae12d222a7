import { readFileSync } from "node:fs";
import { runtime } from "@pulumi/pulumi";
import { siteFile } from "../../scripts/site-file.ts";
import { parseSiteConfig } from "../../stacks/site-file.ts";
import { deploySite } from "../../stacks/site.ts";
import { createHash } from "node:crypto";
import { mockPulumi, settled, type World } from "../unit/mocks.ts";
import { siteDeps } from "../unit/site-deps.ts";

/** One resource of a site's graph. */
export interface GraphNode {
  readonly type: string;
  readonly name: string;
  /** `type name` of the parent, absent at the top. */
  readonly parent?: string;
  readonly inputs: unknown;
  /** `type name` of what it depends on, sorted. */
  readonly dependsOn?: readonly string[];
  readonly options?: Readonly<Record<string, unknown>>;
}

const secretSignature = "4dabf18193072939515e22adb298388d";
const secretMark = "1b47061264138c4ac30d75fd1eb44270";

/**
 * The graph that a stack's program registers, against a monitor that answers every resource with its inputs: sorted by
 * type and name, secrets masked. It shows what a change of program or config does to a site.
 */
export async function goldenGraph(stack: string, world: World = {}): Promise<readonly GraphNode[]> {
  const file = new URL(`../../Pulumi.${stack}.yaml`, import.meta.url);
  const { config, problems } = parseSiteConfig(siteFile(file));
  if (config === undefined) throw new Error(`Pulumi.${stack}.yaml: ${problems.map((p) => `${p.path}: ${p.text}`).join("; ")}`);
  const requests = await record(stack, world, async () => {
    await deploySite(stack, config, siteDeps);
  });
  return requests.map(describe).sort((a, b) => order(`${a.type} ${a.name}`, `${b.type} ${b.name}`));
}

/** Text of a stack's golden file. */
export function goldenFile(stack: string): string {
  return readFileSync(new URL(`./${stack}.json`, import.meta.url), "utf8");
}

interface Request {
  readonly type: string;
  readonly name: string;
  readonly parent: string;
  readonly inputs: unknown;
  readonly dependencies: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

interface RawRequest {
  getType(): string;
  getName(): string;
  getParent(): string;
  getObject(): { toJavaScript(): Record<string, unknown> } | undefined;
  getDependenciesList(): string[];
  getIgnorechangesList(): string[];
  getReplaceonchangesList(): string[];
  getAdditionalsecretoutputsList(): string[];
  getDeletebeforereplace(): boolean;
  getDeletedwith(): string;
  getProvider(): string;
  getHooks(): { getBeforeCreateList(): string[]; getBeforeUpdateList(): string[] } | undefined;
}

async function record(
  stack: string,
  world: World,
  program: () => Promise<void>,
): Promise<readonly Request[]> {
  const requests: Request[] = [];
  await mockPulumi(stack, world);
  const monitor = runtime.getMonitor() as unknown as {
    registerResource(request: RawRequest, callback: unknown): Promise<void>;
  };
  const forward = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    requests.push(read(request));
    return forward(request, callback);
  };
  await program();
  await settled();
  return requests;
}

function read(request: RawRequest): Request {
  const hooks = request.getHooks();
  const options = {
    provider: shortProvider(request.getProvider()),
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    secretOutputs: request.getAdditionalsecretoutputsList(),
    deleteBeforeReplace: request.getDeletebeforereplace() || undefined,
    deletedWith: request.getDeletedwith() === "" ? undefined : shortUrn(request.getDeletedwith()),
    beforeCreate: hooks?.getBeforeCreateList() ?? [],
    beforeUpdate: hooks?.getBeforeUpdateList() ?? [],
  };
  return {
    type: request.getType(),
    name: request.getName(),
    parent: request.getParent(),
    inputs: mask(request.getObject()?.toJavaScript() ?? {}),
    dependencies: request.getDependenciesList(),
    options: Object.fromEntries(
      Object.entries(options).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)),
    ),
  };
}

function describe({ type, name, parent, inputs, dependencies, options }: Request): GraphNode {
  return {
    type,
    name,
    ...(parent === "" || parent.includes("pulumi:pulumi:Stack") ? {} : { parent: shortUrn(parent) }),
    inputs,
    ...(dependencies.length === 0 ? {} : { dependsOn: dependencies.map(shortUrn).sort(order) }),
    ...(Object.keys(options).length === 0 ? {} : { options }),
  };
}

function mask(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mask);
  if (typeof value !== "object" || value === null) return value;
  const fields = value as Record<string, unknown>;
  if (fields[secretSignature] === secretMark) return maskSecret(fields["value"]);
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([key]) => key !== "__defaults")
      .map(([key, inner]) => [key, mask(inner)] as const)
      .sort(([a], [b]) => order(a, b)),
  );
}

/** A secret's value is left out; the digest of what stands for it here shows that it has changed. */
function maskSecret(value: unknown): string {
  const digest = createHash("sha256").update(JSON.stringify(value) ?? "");
  return `[secret ${digest.digest("hex").slice(0, 8)}]`;
}

function shortUrn(urn: string): string {
  const [, , type = "", name = ""] = urn.split("::");
  return `${type.split("$").at(-1) ?? ""} ${name}`;
}

function shortProvider(reference: string): string | undefined {
  return reference === "" ? undefined : (reference.split("::")[3] ?? reference);
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
