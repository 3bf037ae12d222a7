/** Every secret of a site by name, and the places where one of them must never be found. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generatedSecrets } from "../../lab/world/vaults.ts";
import { paths, run } from "./command.ts";
import { credentials } from "./world.ts";

/** Secrets by a name for people. */
export type Canaries = ReadonlyMap<string, string>;

interface ExportedResource {
  readonly urn: string;
  readonly type: string;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** Outputs that hold a secret in the clear, by resource type. */
const secretOutputs: Readonly<Record<string, readonly string[]>> = {
  "random:index/randomPassword:RandomPassword": ["result"],
  "tls:index/privateKey:PrivateKey": ["privateKeyOpenssh", "privateKeyPem"],
  "tailscale:index/tailnetKey:TailnetKey": ["key"],
  "tailscale:index/oauthClient:OauthClient": ["key"],
  "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared": ["tunnelSecret"],
  "cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken": ["clientSecret"],
};

const secretSignature = "4dabf18193072939515e22adb298388d";

/** What a secret of an export stands for. */
function revealed(value: unknown): unknown {
  const wrapped = value as { plaintext?: string } | null;
  const secret = typeof value === "object" && value !== null && secretSignature in value;
  return secret && wrapped?.plaintext !== undefined ? JSON.parse(wrapped.plaintext) : value;
}

/** The telling lines of a value: of a key the lines between its marks. */
function telling(value: string): readonly string[] {
  const lines = value.split("\n").map((line) => line.trim());
  const long = lines.filter((line) => line.length >= 16 && !line.startsWith("-----"));
  // The first line of a private key says only what kind it is.
  return lines.length > 1 ? long.slice(1) : long;
}

/** All secrets that a site has: those it was given, and those that its stack made. */
export async function canariesOf(stack: string): Promise<Canaries> {
  const found = new Map<string, string>();
  const add = (name: string, value: string): void => {
    for (const [index, line] of telling(value).entries()) found.set(`${name} ${index}`, line);
  };
  const given = await credentials();
  add("Proxmox API token", given.apiTokenSecret);
  add("Proxmox SSH key", given.ssh.privateKey);
  add("Connect token", given.connectToken);
  add("Cloudflare token", given.cloudflareToken);
  add("Tailscale OAuth secret", given.tailscale.clientSecret);
  const madeUp = Object.entries(generatedSecrets(paths.state));
  assert.ok(madeUp.length > 0, "the lab's vault has made up no secret");
  for (const [reference, value] of madeUp) add(reference, value);
  const text = await run`pulumi stack export --show-secrets --stack ${stack}`;
  const { deployment } = JSON.parse(text) as { deployment: { resources: ExportedResource[] } };
  for (const { urn, type, outputs = {} } of deployment.resources) {
    for (const output of secretOutputs[type] ?? []) {
      const value = revealed(outputs[output]);
      const name = urn.split("::").at(-1) ?? urn;
      assert.ok(typeof value === "string" && value.length >= 16, `${name} has no ${output}`);
      add(`${name} ${output}`, value);
    }
    if (type !== "pulumi:pulumi:Stack") continue;
    const kubeconfig = String(revealed(outputs["kubeconfig"]));
    const key = /client-key-data: (\S+)/.exec(kubeconfig)?.[1];
    assert.ok(key, "the kubeconfig has no key");
    add("kubeconfig key", key);
  }
  return found;
}

/** Fails when a text holds a secret; tells which, and where, without repeating it. */
export function expectNone(canaries: Canaries, text: string, where: string): void {
  const found = [...canaries].filter(([, value]) => text.includes(value)).map(([name]) => name);
  assert.deepEqual(found, [], `${where} holds ${found.join(", ")}`);
}

/** Files below directories, as seen inside the lab, that hold a secret; `select` are find's conditions. */
export async function filesWith(
  canaries: Canaries,
  directories: readonly string[],
  select = "-type f",
): Promise<readonly string[]> {
  const patterns = join(paths.run, `canaries-${randomUUID()}`);
  await writeFile(patterns, `${[...canaries.values()].join("\n")}\n`, { mode: 0o600 });
  try {
    const search = `find ${directories.join(" ")} ${select} -print0 | xargs -0 -r grep -laF -f ${patterns} || true`;
    return (await run`sh -c ${search}`).split("\n").filter((line) => line !== "");
  } finally {
    await rm(patterns);
  }
}
