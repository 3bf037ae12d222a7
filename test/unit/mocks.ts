import { runtime } from "@pulumi/pulumi";
import * as sdkState from "@pulumi/pulumi/runtime/state.js";

/** The SDK's own state of a run; its types leave it out. */
interface SdkStore {
  callbacks?: unknown;
  readonly settings: { readonly rpcDone: Promise<unknown> };
}

const { getStore } = sdkState as unknown as { getStore: (this: void) => SdkStore };

/** A resource that the program registered, with its inputs as the engine would see them. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** What the mocked world answers. */
export interface World {
  /** Machines that Proxmox lists. */
  readonly vms?: readonly {
    vmId: number;
    name: string;
    nodeName: string;
    tags: readonly string[];
  }[];
  readonly offline?: readonly string[];
}

const hosts = ["hut", "stone", "tank", "titan", "vault"];

/** Answers of the providers, by type, beside the inputs. */
function outputs(
  type: string,
  name: string,
  inputs: Record<string, unknown>,
): Record<string, unknown> {
  switch (type) {
    case "tls:index/privateKey:PrivateKey":
      return {
        publicKeyOpenssh: `ssh-ed25519 AAAA-${name}\n`,
        privateKeyOpenssh: `-----BEGIN OPENSSH PRIVATE KEY-----\n${name}\n-----END OPENSSH PRIVATE KEY-----\n`,
      };
    case "random:index/randomPassword:RandomPassword":
      return { result: `random-${name}` };
    case "tailscale:index/tailnetKey:TailnetKey":
    case "tailscale:index/oauthClient:OauthClient":
      return { key: `tskey-${name}` };
    case "pulumi:index:Stash":
      return { output: inputs["input"] };
    case "command:remote:Command":
      return { stdout: `stdout of ${name}`, stderr: "" };
    default:
      return inputs;
  }
}

function id(type: string, name: string, inputs: Record<string, unknown>): string {
  if (type === "proxmoxve:download/file:File")
    return `${String(inputs["datastoreId"])}:import/${String(inputs["fileName"])}`;
  if (type.includes("vmLegacy")) return String(inputs["vmId"]);
  return `${name}-id`;
}

/** Runs the program's resources against mocks; returns everything registered so far, in order. */
export async function mockPulumi(stack: string, world: World = {}): Promise<readonly Registered[]> {
  const registered: Registered[] = [];
  await runtime.setMocks(
    {
      newResource: (args) => {
        const inputs = args.inputs as Record<string, unknown>;
        registered.push({ type: args.type, name: args.name, custom: args.custom ?? true, inputs });
        return {
          id: id(args.type, args.name, inputs),
          state: { ...inputs, ...outputs(args.type, args.name, inputs) },
        };
      },
      call: (args) => {
        if (args.token.endsWith("getNodesLegacy")) {
          return {
            names: hosts,
            onlines: hosts.map((host) => !(world.offline ?? []).includes(host)),
          };
        }
        if (args.token.endsWith("getVmsLegacy")) return { vms: world.vms ?? [] };
        throw new Error(`the mocks answer no call of ${args.token}`);
      },
    },
    "homelab",
    stack,
    false,
  );
  // The SDK's mocks know no hooks: registering one would start a server that nobody calls.
  getStore().callbacks = {
    registerResourceHook: () => Promise.resolve(),
    awaitStackRegistrations: () => Promise.resolve(),
    shutdown: () => undefined,
  };
  return registered;
}

/** Returns once every resource that the program made has been registered. */
export async function settled(): Promise<void> {
  const store = getStore();
  let seen: Promise<unknown> | undefined;
  while (seen !== store.settings.rpcDone) {
    seen = store.settings.rpcDone;
    await seen;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
