import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { siteFile } from "../../../scripts/site-file.ts";
import { siteSecrets } from "../../../stacks/schema.ts";
import { parseSiteConfig } from "../../../stacks/site-file.ts";

const script = fileURLToPath(new URL("../../../scripts/new-site.ts", import.meta.url));

describe("npm run new-site", () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "homelab-new-site-"));
  });

  afterEach(() => rm(directory, { recursive: true }));

  /** The command as a process: these lines come in, each an answer. */
  async function newSite(answers: readonly string[], ...options: readonly string[]) {
    const child = spawn(process.execPath, [script, ...options], { cwd: directory });
    child.stdin.end(answers.map((answer) => `${answer}\n`).join(""));
    const exit = once(child, "exit") as Promise<[code: number]>;
    const [said, [code]] = await Promise.all([text(child.stderr), exit]);
    return { said, code, files: await readdir(directory) };
  }

  const read = (name: string) =>
    parseSiteConfig(siteFile(join(directory, `Pulumi.${name}.yaml`)), name);

  it("says where the new site is in another one's way", async () => {
    const hosts = "anvil=192.168.7.11";
    await newSite(["shed", "", "192.168.7.0/24", hosts, "", "", ""]);
    const { code, said } = await newSite(["barn", "", "192.168.7.0/24", hosts, "", "", ""]);
    assert.equal(code, 0, said);
    assert.match(
      said,
      /Pulumi\.barn\.yaml homelab:machines\[0\]\.vmId and Pulumi\.shed\.yaml homelab:/,
    );
  });

  it("writes a site that passes, with what is usual where an answer is empty", async () => {
    const hosts = "anvil=192.168.7.11 bellows=192.168.7.12 tongs=192.168.7.22 quench=192.168.7.14";
    const { code, said, files } = await newSite(["shed", "", "192.168.7.0/24", hosts, "", "", ""]);
    assert.equal(code, 0, said);
    assert.deepEqual(files, ["Pulumi.shed.yaml"]);
    const { config, problems } = read("shed");
    assert.deepEqual(problems, []);
    assert.equal(config?.site.domain, "shed.home.arpa");
    assert.deepEqual(
      config.machines.map(({ name, address, vmId, role }) => `${name} ${address} ${vmId} ${role}`),
      [
        "proxmox-anvil 192.168.7.21 121 server",
        // A host has 192.168.7.22.
        "proxmox-bellows 192.168.7.23 123 server",
        "proxmox-tongs 192.168.7.24 124 server",
        "proxmox-quench 192.168.7.25 125 agent",
      ],
    );
    assert.match(said, /npm run doctor -- --stack shed/);
    const written = await readFile(join(directory, "Pulumi.shed.yaml"), "utf8");
    const [first = ""] = written.split("\n");
    assert.equal(first, "# yaml-language-server: $schema=./stacks/site.schema.json");
    assert.ok(written.endsWith("\n"));
  });

  it("asks nothing that an option has answered, and where Connect is for a reference to it", async () => {
    const options = ["--name=attic", "--lan=10.1.0.0/16", "--hosts=beam=10.1.0.11", "--yes"];
    const token = ["--token=op://Attic/Proxmox/token", "--connect=https://connect.attic.example"];
    const { code, said } = await newSite([], ...options, ...token);
    assert.equal(code, 0, said);
    assert.doesNotMatch(said, /Name of the site/);
    const { config } = read("attic");
    assert.ok(config !== undefined);
    assert.equal(config.onePassword?.connect, "https://connect.attic.example");
    assert.deepEqual(
      siteSecrets(config).map(({ ref }) => ref),
      ["op://Attic/Proxmox/token"],
    );
    assert.equal(config.cluster.vip, "10.1.0.20");
  });

  it("writes over nothing, and says so before it asks on", async () => {
    await writeFile(join(directory, "Pulumi.shed.yaml"), "mine\n");
    const { code, said } = await newSite(["shed"]);
    assert.equal(code, 1);
    assert.match(said, /Pulumi\.shed\.yaml is there already/);
    assert.equal(await readFile(join(directory, "Pulumi.shed.yaml"), "utf8"), "mine\n");
  });

  const refusals: Readonly<Record<string, { answers: readonly string[]; says: RegExp }>> = {
    "a name that is no stack's": { answers: ["Shed"], says: /--name: .*lower-case letters/ },
    "a LAN in no CIDR form": { answers: ["shed", "", "192.168.7.0"], says: /--lan: .*CIDR/ },
    "a host without its address": {
      answers: ["shed", "", "192.168.7.0/24", "anvil"],
      says: /--hosts: anvil=: .*dotted IPv4/,
    },
    "a token in the clear, without repeating it": {
      answers: ["shed", "", "192.168.7.0/24", "a=192.168.7.11", "", "", "root@pam!canary=12-ab"],
      says: /--token: use op:\/\/vault\/item\/field or config:NAME/,
    },
    "answers that end too early": {
      answers: ["shed", "", "192.168.7.0/24"],
      says: /--hosts is missing: Proxmox hosts/,
    },
    "addresses that make no site, each by its path": {
      answers: ["shed", "", "192.168.7.0/24", "a=10.42.8.11 b=192.168.7.20", "", "", ""],
      says: /nothing was written:\n.*hosts\[0\]\.address: 10\.42\.8\.11 lies in[^]*cluster\.vip: .*already used/,
    },
  };
  for (const [what, { answers, says }] of Object.entries(refusals)) {
    it(`refuses ${what}, and writes nothing`, async () => {
      const { code, said, files } = await newSite(answers);
      assert.equal(code, 1, said);
      assert.match(said, says);
      assert.doesNotMatch(said, /canary/);
      assert.deepEqual(files, []);
    });
  }
});
