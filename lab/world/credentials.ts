/** Secrets of one lab: made at its first start, kept until `reset`. */
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { mustRun } from "../host/command.ts";

const schema = z.strictObject({
  /** Secret of the token `homelab@pve!pulumi`. */
  apiTokenSecret: z.uuid(),
  /** Key that root at every Proxmox host accepts (OpenSSH formats). */
  ssh: z.strictObject({ privateKey: z.string(), publicKey: z.string() }),
  /** Pulumi's passphrase for the secrets in its state. */
  passphrase: z.string(),
  /** Token of the server that reads the 1Password vault. */
  connectToken: z.string(),
  /** The Connect server of the cluster: its token, and the file that makes it one (version 2). */
  connectServer: z.strictObject({ token: z.string(), key: z.string(), device: z.string() }),
  /** API token of the Cloudflare account. */
  cloudflareToken: z.string().regex(/^[0-9A-Za-z_-]{40}$/),
  /** The tailnet's OAuth client with all scopes. */
  tailscale: z.strictObject({ clientId: z.string(), clientSecret: z.string() }),
  /** Token of the repository at the host of git. */
  gitToken: z.string(),
  /** Key of the S3-compatible store. */
  objectStore: z.strictObject({ accessKey: z.string(), secretKey: z.string() }),
});

export type Credentials = z.infer<typeof schema>;

/** Name of the API token as Proxmox writes it: user, realm, token. */
export const apiTokenId = "homelab@pve!pulumi";

/**
 * Pulumi writes the salt of a stack's passphrase into `Pulumi.STACK.yaml`, which outlives a reset and is shared by
 * all labs of a clone: the passphrase must be the same for all of them. It keeps nothing from anybody but a glance;
 * what it encrypts opens nothing outside the lab.
 */
const labPassphrase = "homelab-lab";

/** Reads the credentials of a state directory; makes those that are missing, readable by the owner alone. */
export async function ensureCredentials(state: string): Promise<Credentials> {
  const file = join(state, "credentials.json");
  const kept = await readKept(file);
  const whole = schema.safeParse(kept);
  if (whole.success) return whole.data;
  const credentials: Credentials = {
    apiTokenSecret: kept.apiTokenSecret ?? randomUUID(),
    ssh: kept.ssh ?? (await sshKey(state)),
    passphrase: kept.passphrase ?? labPassphrase,
    connectToken: kept.connectToken ?? `connect-${hex(32)}`,
    connectServer: kept.connectServer ?? {
      ...{ token: `connect-${hex(32)}`, key: randomBytes(32).toString("base64url") },
      device: hex(13),
    },
    cloudflareToken: kept.cloudflareToken ?? hex(20),
    tailscale: kept.tailscale ?? tailscaleClient(),
    gitToken: kept.gitToken ?? `git-${hex(20)}`,
    objectStore: kept.objectStore ?? { accessKey: `GK${hex(12)}`, secretKey: hex(32) },
  };
  await writeFile(`${file}.new`, `${JSON.stringify(credentials, undefined, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return credentials;
}

/** The file `1password-credentials.json` of the cluster's Connect server, without what only the real one can open. */
export function credentialsFile({ connectServer: { key, device } }: Credentials): string {
  const kid = "localauthv2keykid";
  return JSON.stringify({
    verifier: { salt: device, localHash: device },
    encCredentials: { kid, enc: "A256GCM", cty: "b5+jwk+json", iv: device, data: device },
    version: "2",
    deviceUuid: device,
    uniqueKey: {
      alg: "A256GCM",
      ext: true,
      k: key,
      key_ops: ["encrypt", "decrypt"],
      kty: "oct",
      kid,
    },
  });
}

async function readKept(file: string): Promise<Partial<Credentials>> {
  try {
    return schema.partial().parse(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw new Error(`${file}: ${String(error)}; run \`npm run lab -- reset\` for new credentials`, {
      cause: error,
    });
  }
}

const hex = (bytes: number): string => randomBytes(bytes).toString("hex");

/** An OAuth client in the form of Tailscale's: the id is part of the secret. */
function tailscaleClient(): Credentials["tailscale"] {
  const clientId = `k${hex(6)}CNTRL`;
  return { clientId, clientSecret: `tskey-client-${clientId}-${hex(16)}` };
}

async function sshKey(state: string): Promise<Credentials["ssh"]> {
  const directory = await mkdtemp(join(state, "key-"));
  try {
    const file = join(directory, "key");
    await mustRun("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "homelab lab", "-f", file]);
    return {
      privateKey: await readFile(file, "utf8"),
      publicKey: (await readFile(`${file}.pub`, "utf8")).trim(),
    };
  } finally {
    await rm(directory, { recursive: true });
  }
}
