import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { TestCluster, vmFields } from "./cluster.ts";

/** The protocol that a connection with this newest version ends up with. */
function handshake(port: number, maxVersion: "TLSv1.2" | "TLSv1.3"): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, maxVersion, rejectUnauthorized: false };
    const socket = connect(options, () => {
      resolve(socket.getProtocol());
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

describe("Proxmox API: the connection", () => {
  const cluster = new TestCluster();
  before(() => cluster.open());
  after(() => cluster.close());
  afterEach(() => {
    cluster.faults = { consult: () => Promise.resolve() };
  });

  it("refuses TLS 1.2 and speaks TLS 1.3", async () => {
    await assert.rejects(handshake(cluster.port, "TLSv1.2"), /protocol version/i);
    assert.equal(await handshake(cluster.port, "TLSv1.3"), "TLSv1.3");
  });

  it("answers 401 in the status line without the token, with another one, and with a wrong secret", async () => {
    const without = await cluster.call("GET", "version", {}, "");
    assert.equal(`${without.status} ${without.statusText}`, "401 No ticket");
    const other = await cluster.call("GET", "version", {}, "PVEAPIToken=a@pve!b=c");
    assert.equal(other.statusText, "no such token 'b' for user 'a@pve'");
    const wrong = await cluster.call("GET", "version", {}, "PVEAPIToken=homelab@pve!pulumi=c");
    assert.equal(`${wrong.status} ${wrong.statusText}`, "401 invalid token value!");
    assert.match(String((await cluster.get("version")).version), /^9\./);
    const permissions = await cluster.get<Record<string, object>>("access/permissions");
    assert.ok("VM.Allocate" in (permissions["/"] ?? {}));
  });

  it("lets a further token do what its role says alone, whichever host it was made on", async () => {
    const id = "homelab@pve!preview";
    const authorization = `PVEAPIToken=${id}=7c3c4d53-6f0e-4b3f-8f5b-3b8b0a4f6d1e`;
    const status = async (method: string, path: string): Promise<string> => {
      const answer = await cluster.call(method, path, {}, authorization);
      return `${answer.status} ${answer.statusText}`;
    };
    const told = (name: string, text: string): void => {
      const folder = join(cluster.stateDir, "tank/etc/pve");
      mkdirSync(join(folder, "priv"), { recursive: true });
      writeFileSync(join(folder, name), text);
    };
    assert.match(await status("GET", "version"), /^401 no such token 'preview'/);
    told("priv/token.cfg", `${id} 7c3c4d53-6f0e-4b3f-8f5b-3b8b0a4f6d1e\n`);
    assert.match(await status("GET", "version"), /^200/);
    assert.match(await status("GET", "cluster/resources"), /^403 Permission check failed/);
    told("user.cfg", `token:${id}:0:1::\nacl:1:/:${id}:PVEAuditor:\n`);
    assert.match(await status("GET", "cluster/resources"), /^200/);
    assert.match(await status("POST", "nodes/stone/qemu"), /^403 Permission check failed/);
    assert.match(await status("GET", "storage"), /^200/);
    assert.equal(
      await status("GET", "storage/local"),
      "403 Permission check failed (/storage/local, Datastore.Allocate)",
    );
    assert.match(
      await status("GET", "nodes/stone/query-url-metadata"),
      /^403 .*\(\/nodes\/stone, Sys\.AccessNetwork\)/,
    );
    const answer = await cluster.call("GET", "access/permissions", {}, authorization);
    const { data } = JSON.parse(answer.body.toString()) as { data: Record<string, object> };
    assert.deepEqual(
      Object.keys(data["/"] ?? {}).filter((name) => !name.endsWith(".Audit")),
      [],
    );
  });

  it("refuses unknown parameters by name, and unknown paths with 501", async () => {
    const refusal = await cluster.refusal("POST", "nodes/stone/qemu", {
      vmid: "130",
      colour: "red",
    });
    assert.match(
      refusal,
      /^400 Parameter verification failed\. .*"colour":"property is not defined/,
    );
    assert.match(
      await cluster.refusal("POST", "nodes/stone/qemu", {
        vmid: "130",
        scsi0: "local-lvm:8,sheen=1",
      }),
      /^400 .*scsi0\.sheen/,
    );
    assert.match(
      await cluster.refusal("POST", "nodes/stone/qemu/121/snapshot", { snapname: "a" }),
      /^501 Method 'POST \/nodes\/stone\/qemu\/121\/snapshot' not implemented/,
    );
    assert.match(await cluster.refusal("GET", "nodes/attic/qemu"), /^500 hostname lookup 'attic'/);
  });

  it("gives the host's address and gateway for the provider's SSH", async () => {
    const interfaces = await cluster.get<Record<string, unknown>[]>("nodes/titan/network");
    const bridge = interfaces.find(({ gateway }) => gateway !== undefined);
    assert.equal(bridge?.address, "192.168.1.13");
    assert.equal(bridge.gateway, "192.168.1.1");
  });

  it("obeys faults: an error, a cut connection, a failing task", async () => {
    cluster.faults = {
      consult: () => Promise.resolve({ status: 596, body: "Connection timed out" }),
    };
    assert.match(await cluster.refusal("GET", "version"), /^596 Connection timed out/);
    cluster.faults = { consult: () => Promise.resolve("cut") };
    await assert.rejects(cluster.call("GET", "version"), /socket hang up|ECONNRESET/);
    cluster.faults = {
      consult: (service) =>
        Promise.resolve(
          service === "proxmox.task" ? { status: 500, body: "got timeout" } : undefined,
        ),
    };
    assert.equal(await cluster.downloadImage(), "got timeout");
  });

  it("resumes from its files: a VM that ran with onboot is started again", async () => {
    await cluster.downloadImage();
    await cluster.task("POST", "nodes/stone/qemu", vmFields(121));
    await cluster.task("POST", "nodes/stone/qemu/121/status/start");
    await cluster.proxmox.close();
    cluster.hypervisor.up.clear();
    cluster.hypervisor.started.length = 0;
    await cluster.open();
    await cluster.proxmox.idle();
    assert.deepEqual([...cluster.hypervisor.up], [121]);
    assert.equal((await cluster.get("nodes/stone/qemu/121/status/current")).status, "running");
  });
});
