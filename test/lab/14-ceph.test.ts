import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { rke2Script } from "../../components/rke2/scripts.ts";
import { purgeScript } from "../../components/storage/purge.ts";
import { mutedWarnings } from "../../components/storage/cluster-values.ts";
import { readiness, node } from "./cluster.ts";
import { attempt, run } from "./command.ts";
import { bad, doctor } from "./doctor.ts";
import { cephOf, keeps, osdsByNode, tryBucket, Trial } from "./storage.ts";
import { eventually, machine, proxmox } from "./site.ts";
import { given, siteIsUp } from "./states.ts";

const servers = ["proxmox-stone", "proxmox-tank", "proxmox-titan"];
const agent = "proxmox-vault";

describe("storage", () => {
  given(siteIsUp);

  it("has a daemon on each declared disk, and is healthy under the declared mutes alone", async () => {
    assert.deepEqual(await osdsByNode(), [...servers, agent].sort());
    const { health, details } = await cephOf();
    assert.equal(health, "HEALTH_OK");
    for (const code of Object.keys(details)) assert.ok(code in muted, code);
  });

  const block = new Trial("ceph-block", "ReadWriteOnce", "ceph-block");
  const shared = new Trial("ceph-filesystem", "ReadWriteMany", "ceph-file");

  it("binds, writes, snapshots, restores and expands claims of each class", async () => {
    await Promise.all([
      block.goThrough("proxmox-tank"),
      shared.goThrough("proxmox-tank"),
      tryBucket("ceph-bucket"),
    ]);
  });

  it("opens its gate with the declared mutes, and not without one", async () => {
    assert.equal((await gate()).code, 0);
    const code: (typeof mutedWarnings)[number] = "AUTH_INSECURE_CLIENT_KEY_TYPE";
    await mute(code, "unmute");
    try {
      await eventually(30, async () => assert.equal((await cephOf()).health, "HEALTH_WARN"));
      const { code: status, stderr } = await gate();
      assert.equal(status, 1);
      assert.match(stderr, /Ceph's health is HEALTH_WARN after 3 s/);
      assert.match(stderr, new RegExp(code));
    } finally {
      await mute(code, "mute");
    }
    await eventually(30, async () => assert.equal((await cephOf()).health, "HEALTH_OK"));
  });

  it("warns of a lost host, recovers without it, and serves claims all the time", async () => {
    const { path } = await machine(agent);
    await proxmox("home", `${path}/status/stop`, "POST");
    const warned = await eventually(120, async () => {
      const { health, details } = await cephOf();
      assert.equal(health, "HEALTH_WARN");
      assert.ok("OSD_DOWN" in details && "PG_DEGRADED" in details, JSON.stringify(details));
    });
    process.stdout.write(`      Ceph warned after ${warned.toFixed(1)} s\n`);
    const findings = bad(await doctor()).filter(({ subject }) => subject === "Ceph");
    assert.match(JSON.stringify(findings), /copied anew by itself, with claims still served/);
    await Promise.all([keeps(block, "proxmox-tank"), keeps(shared, "proxmox-stone")]);
    const recovered = await eventually(120, async () => {
      const { details } = await cephOf();
      assert.ok(!("PG_DEGRADED" in details) && !("OSD_DOWN" in details), JSON.stringify(details));
    });
    process.stdout.write(`      its copies were made elsewhere after ${recovered.toFixed(1)} s\n`);
    await proxmox("home", `${path}/status/start`, "POST");
    await eventually(180, async () => {
      assert.equal(readiness(await node(agent)), "True");
      assert.equal((await cephOf()).health, "HEALTH_OK");
      assert.deepEqual(await osdsByNode(), [...servers, agent].sort());
    });
  });

  it("lets volumes go with their claims", async () => {
    await block.remove();
    await shared.remove();
  });
});

const muted: Readonly<Record<string, true>> = Object.fromEntries(
  mutedWarnings.map((code) => [code, true]),
);

async function mute(code: string, policy: "mute" | "unmute"): Promise<void> {
  const patch = JSON.stringify({
    spec: { healthCheck: { muteHealthWarning: { [code]: { policy } } } },
  });
  await run`kubectl --context home -n rook-ceph patch cephcluster rook-ceph --type merge -p ${patch}`;
}

/** The script that every `up` waits for health with, asked on a server, with less patience. */
async function gate() {
  const text = await readFile("components/storage/scripts/healthy.sh", "utf8");
  const parameters = [
    "NAMESPACE=rook-ceph",
    "PATIENCE=3",
    `DISKS='${[...servers, agent].map((name) => `${name} 1`).join("\n")}'`,
    "POOLS='cephblockpool/ceph-block cephfilesystem/ceph-filesystem cephobjectstore/ceph-bucket'",
  ];
  const script = [...parameters, rke2Script, purgeScript, text].join("\n");
  const command = `bash -c "$(echo ${Buffer.from(script).toString("base64")} | base64 -d)"`;
  return attempt`ssh proxmox-stone ${command}`;
}
