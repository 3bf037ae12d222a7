/** Runs a program's resources without an engine, and keeps what the program asked of it. */
import assert from "node:assert/strict";
import { runtime } from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import * as sdkState from "@pulumi/pulumi/runtime/state.js";
import { made } from "./mocked-world.ts";

/** What a URN names. */
export interface Reference {
  readonly type: string;
  readonly name: string;
}

type Values = Readonly<Record<string, unknown>>;

/** A resource as the program asked the engine to register it; read when it is looked at. */
export class Recorded {
  readonly #request: RegisterResourceRequest;

  constructor(request: RegisterResourceRequest) {
    this.#request = request;
  }

  get type(): string {
    return this.#request.getType();
  }

  get name(): string {
    return this.#request.getName();
  }

  get parent(): Reference | undefined {
    return reference(this.#request.getParent());
  }

  get provider(): Reference | undefined {
    return reference(this.#request.getProvider());
  }

  /** Inputs in the engine's protocol, in which a secret has an envelope. */
  get inputs(): Values {
    return this.#request.getObject()?.toJavaScript() ?? {};
  }

  /** Inputs with secrets in the clear. */
  get plain(): Values {
    const open = (hidden: unknown): unknown => secretsAs(hidden, open);
    return secretsAs(this.inputs, open) as Values;
  }

  /** Inputs as people see them, with `[secret]` for each secret. */
  get shown(): Values {
    return secretsAs(this.inputs, () => "[secret]") as Values;
  }

  get dependencies(): readonly Reference[] {
    return this.#request.getDependenciesList().flatMap((urn) => reference(urn) ?? []);
  }

  /** Names of what it waits for. */
  get after(): readonly string[] {
    return this.dependencies.map(({ name }) => name);
  }

  get options() {
    const request = this.#request;
    return {
      ignoreChanges: request.getIgnorechangesList(),
      replaceOnChanges: request.getReplaceonchangesList(),
      secretOutputs: request.getAdditionalsecretoutputsList(),
      deleteBeforeReplace: request.getDeletebeforereplace(),
      deletedWith: reference(request.getDeletedwith()),
      retainOnDelete: request.getRetainondelete(),
      importId: request.getImportid(),
    };
  }

  /** Names of the hooks that run before. */
  get hooks(): { readonly beforeCreate: string[]; readonly beforeUpdate: string[] } {
    const hooks = this.#request.getHooks();
    return {
      beforeCreate: hooks?.getBeforeCreateList() ?? [],
      beforeUpdate: hooks?.getBeforeUpdateList() ?? [],
    };
  }
}

/** Everything that a program has asked for so far, in order. */
export class Recording {
  readonly resources: Recorded[] = [];
  /** Data sources and functions that were called. */
  readonly invokes: { readonly token: string; readonly args: unknown }[] = [];

  find(name: string): Recorded | undefined {
    return this.resources.find((resource) => resource.name === name);
  }

  /** The resource of a name; fails with all names when there is none. */
  get(name: string): Recorded {
    const found = this.find(name);
    const names = this.resources.map((resource) => resource.name).join(", ");
    assert.ok(found, `${name} was not registered; there are ${names}`);
    return found;
  }

  /**
   * Names of everything that a resource waits for, directly or through others, its parents among them; the same outlives
   * it in a destroy.
   */
  waitsFor(name: string): ReadonlySet<string> {
    const found = new Set<string>();
    const open = this.resources.filter((resource) => resource.name === name);
    const seen = new Set<Recorded>();
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      const { dependencies, parent } = next;
      for (const one of parent === undefined ? dependencies : [...dependencies, parent]) {
        found.add(one.name);
        open.push(...this.resources.filter((r) => r.name === one.name && r.type === one.type));
      }
    }
    return found;
  }

  /** Returns once every resource that the program made has been registered. */
  async settled(): Promise<this> {
    const store = getStore();
    let seen: Promise<unknown> | undefined;
    while (seen !== store.settings.rpcDone) {
      seen = store.settings.rpcDone;
      await seen;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return this;
  }
}

/** Begins a recording of what this process registers from now on, in place of the one before. */
export async function record(stack: string): Promise<Recording> {
  const recording = new Recording();
  await runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => made(type, name, inputs as Record<string, unknown>),
      call: ({ token, inputs }) => {
        recording.invokes.push({ token, args: inputs });
        throw new Error(`${token}: the program has no reason to ask for it`);
      },
    },
    "homelab",
    stack,
    false,
  );
  const monitor = runtime.getMonitor() as unknown as Monitor;
  const forward = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    recording.resources.push(new Recorded(request));
    return forward(request, callback);
  };
  // The SDK's mocks know no hooks: registering one would start a server that nobody calls.
  getStore().callbacks = {
    registerResourceHook: () => Promise.resolve(),
    registerErrorHook: () => Promise.resolve(),
    awaitStackRegistrations: () => Promise.resolve(),
    shutdown: () => undefined,
  };
  return recording;
}

/** A value in which something stands for each secret; `stand` is given what the secret hides. */
export function secretsAs(value: unknown, stand: (hidden: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((inner) => secretsAs(inner, stand));
  if (typeof value !== "object" || value === null) return value;
  if (runtime.isRpcSecret(value)) return stand(runtime.unwrapRpcSecret(value));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, secretsAs(inner, stand)]),
  );
}

interface Monitor {
  registerResource(request: RegisterResourceRequest, callback: unknown): Promise<void>;
}

/** The SDK's own state of a run; its types leave it out. */
interface SdkStore {
  callbacks?: unknown;
  readonly settings: { readonly rpcDone: Promise<unknown> };
}

const { getStore } = sdkState as unknown as { getStore: (this: void) => SdkStore };

/** Of a URN, or of a provider's URN with its id behind; undefined for the empty text. */
function reference(urn: string): Reference | undefined {
  if (urn === "") return undefined;
  const [, , type = "", name = urn] = urn.split("::");
  return { type: type.split("$").at(-1) ?? "", name };
}
