import { ComponentResource, CustomResource, runtime, type Resource } from "@pulumi/pulumi";
import { Provider as Cloudflare } from "@pulumi/cloudflare/provider.js";
import { Provider as Kubernetes } from "@pulumi/kubernetes/provider.js";
import { settled } from "../mocks.ts";

/** A resource as the program registered it: dependencies as `type name`, secrets masked. */
export interface Made {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly plain: Readonly<Record<string, unknown>>;
  readonly dependsOn: readonly string[];
  readonly deleteBeforeReplace: boolean;
}

/** What a component is given besides its own arguments. */
export interface Surroundings {
  readonly cluster: Resource;
  readonly cloudflare: Cloudflare;
  readonly kubernetes: Kubernetes;
}

interface RawRequest {
  getType(): string;
  getName(): string;
  getObject(): { toJavaScript(): Record<string, unknown> } | undefined;
  getDependenciesList(): string[];
  getDeletebeforereplace(): boolean;
}

const secretSignature = "4dabf18193072939515e22adb298388d";

/** Data sources that programs asked for, over all runs. */
export const called: string[] = [];

const drawn = "q".repeat(64);

/** The tunnel's secret from what the mocked world draws. */
export const tunnelSecret = Buffer.from(drawn).toString("base64");

/** Runs a program against mocks that answer as Cloudflare and the cluster would. A call of a data source fails it. */
export async function register(
  program: (given: Surroundings) => void,
): Promise<ReadonlyMap<string, Made>> {
  const made = new Map<string, Made>();
  await runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        const id = `${name}-id`;
        const plain = inputs as Record<string, unknown>;
        if (type.endsWith(":RandomPassword")) return { id, state: { ...plain, result: drawn } };
        if (type.endsWith(":ZeroTrustAccessServiceToken")) {
          const login = { clientId: `${name}.access`, clientSecret: `secret of ${name}` };
          return { id, state: { ...plain, ...login } };
        }
        return { id, state: plain };
      },
      call: ({ token }) => {
        called.push(token);
        throw new Error(
          `${token} was called: a data source breaks previews when its object is gone`,
        );
      },
    },
    "homelab",
    "home",
    false,
  );
  const monitor = runtime.getMonitor() as unknown as {
    registerResource(request: RawRequest, callback: unknown): Promise<void>;
  };
  const forward = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    const fields = request.getObject()?.toJavaScript() ?? {};
    made.set(request.getName(), {
      type: request.getType().split(":").at(-1) ?? "",
      name: request.getName(),
      inputs: unwrap(fields, true) as Made["inputs"],
      plain: unwrap(fields, false) as Made["plain"],
      dependsOn: request.getDependenciesList().map((urn) => urn.split("::").at(-1) ?? urn),
      deleteBeforeReplace: request.getDeletebeforereplace(),
    });
    return forward(request, callback);
  };
  program({
    cluster: new (class extends ComponentResource {})("test:Cluster", "cluster"),
    cloudflare: new Cloudflare("cloudflare", {}),
    kubernetes: new Kubernetes("kubernetes", {}),
  });
  await settled();
  return made;
}

/** A resource that something may wait for. */
export function standing(name: string): Resource {
  return new (class extends CustomResource {})("test:index:Leaf", name, {});
}

function unwrap(value: unknown, hide: boolean): unknown {
  if (Array.isArray(value)) return value.map((inner) => unwrap(inner, hide));
  if (typeof value !== "object" || value === null) return value;
  const fields = value as Record<string, unknown>;
  if (secretSignature in fields) return hide ? "[secret]" : unwrap(fields["value"], hide);
  return Object.fromEntries(
    Object.entries(fields).map(([key, inner]) => [key, unwrap(inner, hide)]),
  );
}

/** Everything that a resource waits for, directly or through others; the same resources outlive it in a destroy. */
export function waitsFor(made: ReadonlyMap<string, Made>, name: string): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (at: string): void => {
    for (const dependency of made.get(at)?.dependsOn ?? []) {
      if (found.has(dependency)) continue;
      found.add(dependency);
      visit(dependency);
    }
  };
  visit(name);
  return found;
}
