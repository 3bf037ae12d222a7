/** The logins of previews, made as docs/pull-requests.md says, and taken away again. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { siteFilesDirectory } from "../../lab/host/site-files.ts";
import { credentialsFile } from "../../lab/world/credentials.ts";
import { readersFile, vaults } from "../../lab/world/vaults.ts";
import { paths, run } from "./command.ts";
import { runners } from "./runner-machine.ts";
import { credentials, tailscale } from "./world.ts";

/** A second vault with logins that only read, by reference, and the token that reads it. */
export interface ReadOnly {
  readonly connectToken: string;
  readonly secrets: Readonly<Record<string, string>>;
  /** What may let a runner into the tailnet, and nothing else: at home a federated identity. */
  readonly joining: Client;
  away(): Promise<void>;
}

interface Client {
  readonly id: string;
  readonly key: string;
}

const host = "stone.home.arpa";

/** Every value of people's own vaults that is secret. */
export async function ownSecrets(): Promise<readonly string[]> {
  return Object.entries(references(await credentials()))
    .filter(([reference]) => !reference.endsWith("/client-id"))
    .map(([, value]) => value);
}

export async function makeReadOnly(): Promise<ReadOnly> {
  const page = readFileSync(join(paths.clone, "docs/pull-requests.md"), "utf8");
  const documented = [...page.matchAll(/`(pveum [^`]+)`/g)].map(([, command = ""]) => command);
  assert.equal(documented.length, 2, documented.join("\n"));
  await run`ssh ${host} ${"pveum user token delete homelab@pve preview"}`;
  let said = "";
  for (const command of documented) said += await run`ssh ${host} ${command}`;
  const proxmox = /^value (\S+)$/m.exec(said)?.[1];
  assert.ok(proxmox, said);
  const reading = await client({ scopes: ["all:read"], tags: [] });
  const joining = await client({ scopes: ["auth_keys"], tags: ["tag:ci"] });
  const secrets = {
    ...Object.fromEntries(
      Object.entries(references(await credentials())).map(([ref, own]) => [ref, another(own)]),
    ),
    "op://Homelab/Proxmox/api-token": `homelab@pve!preview=${proxmox}`,
    "op://Homelab/Proxmox/ssh-private-key": anyKey(),
    "op://Homelab/Tailscale/client-id": reading.id,
    "op://Homelab/Tailscale/client-secret": reading.key,
    "op://Homelab/Cloudflare/api-token": hex(20),
    "op://Homelab/Connect/credentials": credentialsFile({
      ...(await credentials()),
      connectServer: {
        token: hex(32),
        key: randomBytes(32).toString("base64url"),
        device: hex(13),
      },
    }),
  };
  const connectToken = `connect-${hex(32)}`;
  const readers = JSON.stringify([{ token: connectToken, secrets }]);
  writeFileSync(readersFile(paths.state), readers, { mode: 0o600 });
  return {
    ...{ connectToken, secrets, joining },
    away: async () => {
      rmSync(readersFile(paths.state));
      for (const { id } of [reading, joining]) await tailscale("DELETE", `tailnet/-/keys/${id}`);
      await run`ssh ${host} ${"pveum user token delete homelab@pve preview"}`;
    },
  };
}

/** A value that nobody knows; an address stays one of the same service. */
const another = (own: string): string => `${/^https:.*\//.exec(own)?.[0] ?? ""}other-${hex(20)}`;

const hex = (bytes: number): string => randomBytes(bytes).toString("hex");

/** An OAuth client of the tailnet. */
async function client(rights: {
  readonly scopes: readonly string[];
  readonly tags: readonly string[];
}): Promise<Client> {
  const form = { keyType: "client", description: "previews", ...rights };
  return JSON.parse(await tailscale("POST", "tailnet/-/keys", JSON.stringify(form))) as Client;
}

/** What people's vaults hold for the site files, by reference. */
function references(
  own: Awaited<ReturnType<typeof credentials>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    vaults(own, siteFilesDirectory(paths), paths.state).flatMap(({ title, items }) =>
      items.flatMap((item) =>
        Object.entries(item.fields).map(([field, value]) => [
          `op://${title}/${item.title}/${field}`,
          value,
        ]),
      ),
    ),
  );
}

function anyKey(): string {
  const file = join(runners, "any-key");
  rmSync(file, { force: true });
  rmSync(`${file}.pub`, { force: true });
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "any", "-f", file]);
  return readFileSync(file, "utf8");
}
