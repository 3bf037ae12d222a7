import assert from "node:assert/strict";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generatedSecrets, vaults } from "../world/vaults.ts";

describe("the lab's vaults", () => {
  const credentials = {
    apiTokenSecret: "2b1d6f0c-7f6e-4a2b-9a64-0a8d5b6f1c11",
    ssh: { privateKey: "PRIVATE", publicKey: "PUBLIC" },
    passphrase: "",
    connectServer: { token: "server-token", key: "server-key", device: "device" },
    connectToken: "",
    cloudflareToken: "c".repeat(40),
    tailscale: { clientId: "kID", clientSecret: "tskey" },
    gitToken: "git",
    objectStore: { accessKey: "GK1", secretKey: "s3" },
  };
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "homelab-vaults-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const site = (name: string, text: string) =>
    writeFile(join(directory, `Pulumi.${name}.yaml`), text);
  const field = (vault: string, item: string, label: string): string | undefined =>
    vaults(credentials, directory, directory)
      .find(({ title }) => title === vault)
      ?.items.find(({ title }) => title === item)?.fields[label];

  it("have a value for each reference of the site files, wherever it stands", async () => {
    await site(
      "home",
      "config:\n  homelab:apps: { wiki: { settings: { KEY: op://Homelab/Wiki/key } } }\n",
    );
    await site(
      "cabin",
      'config:\n  homelab:list: ["op://Cabin/My Camera/stream/password?attribute=value"]\n',
    );
    assert.match(field("Homelab", "Wiki", "key") ?? "", /^[0-9a-f]{48}$/);
    assert.match(field("Cabin", "My Camera", "stream/password") ?? "", /^[0-9a-f]{48}$/);
    assert.notEqual(
      field("Homelab", "Wiki", "key"),
      field("Cabin", "My Camera", "stream/password"),
    );
    assert.equal(field("Homelab", "Wiki", "other"), undefined);
  });

  it("keep a made-up value, and take up references that a site file gets later", async () => {
    await site("home", "config: { a: op://Homelab/Wiki/key }\n");
    const before = field("Homelab", "Wiki", "key");
    await site("home", "config: { a: op://Homelab/Wiki/key, b: op://Homelab/Wiki/second }\n");
    assert.equal(field("Homelab", "Wiki", "key"), before);
    assert.match(field("Homelab", "Wiki", "second") ?? "", /^[0-9a-f]{48}$/);
    assert.deepEqual(Object.keys(generatedSecrets(directory)), [
      "op://Homelab/Wiki/key",
      "op://Homelab/Wiki/second",
    ]);
    assert.equal((await stat(join(directory, "vault.json"))).mode & 0o777, 0o600);
  });

  it("have each key that is expected of a whole item", async () => {
    await site("home", 'config: { items: [{ item: "op://Homelab/Guest Wi-Fi", keys: [ssid] }] }\n');
    assert.match(field("Homelab", "Guest Wi-Fi", "ssid") ?? "", /^[0-9a-f]{48}$/);
  });

  it("hold what the lab's own services accept", async () => {
    await site("home", "config: { token: op://Homelab/Proxmox/api-token }\n");
    assert.equal(
      field("Homelab", "Proxmox", "api-token"),
      `homelab@pve!pulumi=${credentials.apiTokenSecret}`,
    );
    assert.equal(field("Homelab", "Tailscale", "client-secret"), "tskey");
    assert.match(field("Homelab", "Connect", "credentials") ?? "", /"version":"2".*"server-key"/);
    assert.deepEqual(generatedSecrets(directory), {});
  });

  it("name the site file that cannot be read", async () => {
    await site("home", "config: [\n");
    assert.throws(() => vaults(credentials, directory, directory), /^Error: Pulumi\.home\.yaml: /);
  });
});
