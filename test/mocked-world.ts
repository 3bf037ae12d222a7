/** What providers and services answer where a program runs without an engine. */

import type { ProxmoxApi } from "../components/proxmox/proxmox-api.ts";

/** What differs from one world to another. */
export interface World {
  /** Machines that Proxmox lists. */
  readonly vms?: readonly {
    vmId: number;
    name: string;
    nodeName: string;
    tags: readonly string[];
    /** `running` where it is left out. */
    status?: string;
  }[];
  readonly offline?: readonly string[];
}

const hosts = ["hut", "stone", "tank", "titan", "vault"];

type Values = Record<string, unknown>;

/** A resource's id and state: its inputs, and what its provider adds. */
export function made(type: string, name: string, inputs: Values): { id: string; state: Values } {
  return { id: id(type, name, inputs), state: { ...inputs, ...outputs(type, name, inputs) } };
}

/** Proxmox's answers. Throws for a path that the program has no reason to ask. */
export function proxmoxOf({ vms = [], offline = [] }: World): ProxmoxApi {
  const answers: Readonly<Record<string, unknown>> = {
    "cluster/resources": [
      ...hosts.map((node) => ({
        ...{ type: "node", node, status: offline.includes(node) ? "offline" : "online" },
      })),
      ...vms.map(({ vmId, name, nodeName, tags, status = "running" }) => ({
        ...{ type: "qemu", vmid: vmId, name, node: nodeName, tags: tags.join(";"), status },
      })),
    ],
    pools: [],
    storage: [
      { storage: "local", content: "import,snippets" },
      { storage: "local-lvm", content: "images" },
      { storage: "nas", content: "images,import,snippets", shared: 1 },
      { storage: "nvme", content: "images", nodes: "stone,tank,hut" },
    ],
    "cluster/mapping/pci": [],
    "cluster/mapping/usb": [],
    "cluster/status": [{ type: "cluster", quorate: 1 }],
  };
  return <T>(path: string): Promise<T> => {
    const [bare = path] = path.split("?");
    const answer = bare === "cluster/nextid" ? path.slice(path.indexOf("=") + 1) : answers[bare];
    return answer === undefined
      ? Promise.reject(new Error(`${path}: this world has no such path`))
      : Promise.resolve(answer as T);
  };
}

function outputs(type: string, name: string, inputs: Values): Values {
  switch (type) {
    case "tls:index/privateKey:PrivateKey":
      return {
        publicKeyOpenssh: `ssh-ed25519 AAAA-${name}\n`,
        privateKeyOpenssh: `-----BEGIN OPENSSH PRIVATE KEY-----\n${name}\n-----END OPENSSH PRIVATE KEY-----\n`,
      };
    case "random:index/randomPassword:RandomPassword":
      return { result: `random-${name}`, bcryptHash: `hash-of-${name}` };
    case "tailscale:index/tailnetKey:TailnetKey":
    case "tailscale:index/oauthClient:OauthClient":
      return { key: `tskey-${name}` };
    case "cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken":
      return { clientId: `${name}.access`, clientSecret: `secret of ${name}` };
    case "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication":
      return { aud: `aud of ${name}`, ...client(name, inputs) };
    case "kubernetes:core/v1:Secret":
      return "data" in inputs
        ? {}
        : { data: /^bucket-|-bucket-key$/.test(name) ? bucketKey(name) : {} };
    case "pulumi:index:Stash":
      return { output: inputs["input"] };
    case "command:remote:Command":
      return { stdout: `stdout of ${name}`, stderr: "" };
    default:
      return {};
  }
}

/** What Rook puts into the Secret of a bucket's claim. */
function bucketKey(name: string): Values {
  const data = { AWS_ACCESS_KEY_ID: `id-of-${name}`, AWS_SECRET_ACCESS_KEY: `secret-of-${name}` };
  return Object.fromEntries(
    Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString("base64")]),
  );
}

/** What an application that people sign on to is told when it is made. */
function client(name: string, { saasApp }: Values): Values {
  if (saasApp === undefined) return {};
  const told = { clientId: `id-of-${name}`, clientSecret: `secret of ${name}` };
  return { saasApp: { ...(saasApp as Values), ...told } };
}

function id(type: string, name: string, inputs: Values): string {
  if (type === "proxmoxve:download/file:File")
    return `${String(inputs["datastoreId"])}:import/${String(inputs["fileName"])}`;
  if (type.includes("vmLegacy")) return String(inputs["vmId"]);
  return `${name}-id`;
}
