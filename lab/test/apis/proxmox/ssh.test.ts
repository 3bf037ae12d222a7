import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startHostSsh, type HostSsh } from "../../../apis/proxmox/ssh.ts";

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("Proxmox hosts: SSH", function () {
  this.timeout(20_000);
  const folder = mkdtempSync(join(tmpdir(), "host-ssh-"));
  const key = join(folder, "id");
  const vz = join(folder, "stone/var/lib/vz");
  let ssh: HostSsh;

  const open = async (): Promise<void> => {
    ssh = await startHostSsh({
      node: "stone",
      root: join(folder, "stone"),
      shared: {},
      authorizedKey: readFileSync(`${key}.pub`, "utf8"),
      listen: { address: "127.0.0.1", port: await freePort() },
    });
  };
  const client = (program: string, portFlag: string): string[] => [
    ...[
      program,
      portFlag,
      String(ssh.at.port),
      "-i",
      key,
      "-o",
      "StrictHostKeyChecking=accept-new",
    ],
    ...["-o", `UserKnownHostsFile=${join(folder, "known_hosts")}`, "-o", "BatchMode=yes"],
    ...["-o", "HostKeyAlias=stone", "-o", "IdentitiesOnly=yes"],
  ];
  const run = (command: string, input = ""): { status: number | null; output: string } => {
    const [program = "", ...rest] = client("ssh", "-p");
    const result = spawnSync(program, [...rest, "root@127.0.0.1", command], {
      input,
      encoding: "utf8",
    });
    return { status: result.status, output: `${result.stdout}${result.stderr}` };
  };

  before(async () => {
    assert.equal(process.getuid?.(), 0, "a sandbox needs root, in the first or a user namespace");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    await open();
  });
  after(async () => {
    await (ssh as HostSsh | undefined)?.close();
    rmSync(folder, { recursive: true });
  });

  it("makes and takes away tokens by pveum, as Proxmox keeps them", () => {
    const made = run("pveum user token add homelab@pve preview --privsep 1");
    const secret = /^value ([0-9a-f-]{36})$/m.exec(made.output)?.[1];
    assert.ok(secret, made.output);
    assert.equal(
      run("pveum acl modify / --tokens 'homelab@pve!preview' --roles PVEAuditor").status,
      0,
    );
    const etc = (name: string): string => readFileSync(join(folder, "stone/etc/pve", name), "utf8");
    assert.equal(etc("priv/token.cfg"), `homelab@pve!preview ${secret}\n`);
    assert.match(etc("user.cfg"), /^acl:1:\/:homelab@pve!preview:PVEAuditor:$/m);
    assert.notEqual(run("pveum user token add homelab@pve preview --privsep 1").status, 0);
    assert.equal(run("pveum user token delete homelab@pve preview").status, 0);
    assert.equal(etc("user.cfg") + etc("priv/token.cfg"), "");
    assert.equal(run("pveum user list").status, 2);
  });

  it("takes a snippet as the provider sends it: tee under bash, then a look by SFTP", () => {
    execFileSync("mkdir", ["-p", join(vz, "snippets")]);
    const script =
      'export TRY_SUDO_USE_SUDO=0; _try_sudo_check(){ :; }; try_sudo(){ "$@"; }; try_sudo /usr/bin/tee /var/lib/vz/snippets/node.yaml';
    const { status, output } = run(`/bin/bash -c '${script}'`, "#cloud-config\n");
    assert.equal(status, 0, output);
    assert.equal(readFileSync(join(vz, "snippets/node.yaml"), "utf8"), "#cloud-config\n");
    const [program = "", ...rest] = client("sftp", "-P");
    const listing = execFileSync(program, [...rest, "-b", "-", "root@127.0.0.1"], {
      input: "chmod 600 /var/lib/vz/snippets/node.yaml\nls -l /var/lib/vz/snippets\n",
      encoding: "utf8",
    });
    assert.match(listing, / 14 .*node\.yaml/);
    assert.equal(statSync(join(vz, "snippets/node.yaml")).mode & 0o777, 0o600);
  });

  it("is a host of its own: name, root, Proxmox's commands, nothing of the machine around it", () => {
    assert.equal(run("hostname; id -un").output, "stone\nroot\n");
    assert.match(run("pvesm apiinfo").output, /^APIVER \d+/);
    assert.equal(
      run("pvesm path local:iso/debian.iso").output,
      "/var/lib/vz/template/iso/debian.iso\n",
    );
    const refused = run("qm importdisk 1 2 3");
    assert.equal(refused.status, 2);
    assert.match(refused.output, /not supported by the lab's hosts/);
    assert.notEqual(run(`test -e ${folder}`).status, 0);
  });

  it("keeps its host key over a restart and refuses other keys", async () => {
    await ssh.close();
    await open();
    assert.equal(run("true").status, 0);
    const other = join(folder, "other");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", other]);
    const [program = "", ...rest] = client("ssh", "-p").map((word) =>
      word === key ? other : word,
    );
    const result = spawnSync(program, [...rest, "root@127.0.0.1", "true"], { encoding: "utf8" });
    assert.match(result.stderr, /Permission denied \(publickey\)/);
  });

  it("says why sshd does not start", async () => {
    const root = join(folder, "stone");
    const taken = { node: "stone", root, shared: {}, authorizedKey: "x" };
    await assert.rejects(
      startHostSsh({ ...taken, listen: { address: "192.0.2.1", port: 22 } }),
      /sshd of host stone: ended with code \d+: .*192\.0\.2\.1/,
    );
  });
});
