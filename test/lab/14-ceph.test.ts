import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { rke2Script } from "../../components/rke2/scripts.ts";
import { purgeScript } from "../../components/storage/purge.ts";
import { mutedWarnings } from "../../components/storage/cluster-spec.ts";
import { readiness, node } from "./cluster.ts";
import { attempt, refused, run } from "./command.ts";
import { bad, doctor } from "./doctor.ts";
import { cephOf, keeps, osdsByNode, tryBucket, Trial } from "./storage.ts";
import { eventually, machine, proxmox, setConfig, setConfigs, up } from "./site.ts";
import { given, siteIsUp } from "./states.ts";
import { fault, noFaults } from "./world.ts";

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

  it("opens its gate without a word under the declared mutes, and names what else Ceph warns of", async () => {
    const healthy = await gate();
    assert.deepEqual([healthy.code, healthy.stderr.includes("Ceph warns of")], [0, false]);
    const code: (typeof mutedWarnings)[number] = "AUTH_INSECURE_CLIENT_KEY_TYPE";
    await mute(code, "unmute");
    try {
      await eventually(30, async () => assert.equal((await cephOf()).health, "HEALTH_WARN"));
      const { code: status, stderr } = await gate();
      assert.equal(status, 0, stderr);
      assert.match(stderr, new RegExp(`Ceph warns of what .*: ${code} \\(HEALTH_WARN\\)`));
      assert.doesNotMatch(stderr, /AUTH_INSECURE_KEYS_ALLOWED/);
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

describe("a disk that storage is not given", () => {
  given(siteIsUp);

  const extraDisks = "homelab:machines[3].extraDisks";
  const data = { name: "data", slot: 1, sizeGiB: 1000 };
  const scratch = { name: "scratch", slot: 2, sizeGiB: 8 };

  /** Gives the machine these disks. */
  async function write(...disks: readonly (typeof data)[]): Promise<void> {
    const values = disks.flatMap((disk, i) =>
      Object.entries(disk).map(([key, value]) => [`${extraDisks}[${i}].${key}`, value] as const),
    );
    await attempt`pulumi config rm --stack home --path ${extraDisks}`;
    await setConfigs(Object.fromEntries(values));
  }

  /** The slots of the machine's disks at Proxmox, with what is in them. */
  async function slots(): Promise<Readonly<Record<string, string>>> {
    const { path } = await machine(agent);
    const config = await proxmox<Record<string, unknown>>("home", `${path}/config`);
    const found = Object.entries(config).filter(([key]) => /^(scsi|unused)\d+$/.test(key));
    return Object.fromEntries(found) as Record<string, string>;
  }

  /** Slots of further disks, as the machine itself sees them; and when it was started. */
  const inside = async (): Promise<readonly string[]> => {
    const seen = await run`ssh ${agent} ${"ps -o lstart= -p 1; ls /run/lab/machine/disks"}`;
    return seen.trim().split("\n");
  };

  let original: Readonly<Record<string, string>>;
  let started: string | undefined;

  after(async () => {
    await attempt`pulumi config rm --stack home --path ${extraDisks}`;
    await noFaults();
    for (const key of ["homelab:storage", "homelab:allowDiskRemoval"])
      await attempt`pulumi config rm --stack home ${key}`;
  });

  it("comes by its name into its slot while the machine runs, and Ceph leaves it alone", async () => {
    original = await slots();
    [started] = await inside();
    await setConfig("homelab:storage.disks[0]", "data");
    await write(data, scratch);
    // A backup that runs just then; the state has the disk as if it had come.
    const locked = { kind: "fail", status: 500, message: "VM is locked (backup)" } as const;
    const path = "/qemu/124/config";
    await fault({ service: "proxmox", method: "PUT", path, effect: locked });
    assert.match(await refused`node scripts/up.ts --stack home`, /VM is locked \(backup\)/);
    await noFaults();
    const said = await refused`pulumi preview --stack home`;
    assert.match(said, /the state has the disk scratch \(scsi2\).*last change failed/);
    assert.match(await up("home"), new RegExp(`${agent}-vm: its last change failed`));
    const { scsi2 = "", ...others } = await slots();
    assert.match(scsi2, /^local-lvm:vm-124-disk-\d+,.*serial=scratch,size=8G/);
    assert.deepEqual(others, original);
    assert.deepEqual(await inside(), [started, "scsi1", "scsi2"]);
    assert.deepEqual(await osdsByNode(), [...servers, agent].sort());
  });

  it("is not exchanged, nor shrunk, nor changed beside one that somebody attached", async () => {
    const { path } = await machine(agent);
    const attached = await slots();
    await proxmox("home", `${path}/config?scsi7=local-lvm:4`, "PUT");
    await write({ ...data, slot: 2 }, { ...scratch, slot: 1, sizeGiB: 900 });
    try {
      const said = await refused`pulumi preview --stack home`;
      assert.match(
        said,
        /the disk data is in slot 1, the config says slot 2.*write slot: 1 for data/,
      );
      assert.match(
        said,
        /the disk scratch \(scsi1\) has 1000 GiB, the config says 900.*shrinks no/,
      );
      assert.match(
        said,
        /scsi7 holds a disk that no up has made .*name: NAME, slot: 7, sizeGiB: 4/,
      );
    } finally {
      await proxmox("home", `${path}/config?delete=scsi7`, "PUT");
      await proxmox("home", `${path}/config?delete=unused0`, "PUT");
    }
    assert.deepEqual(await slots(), attached);
  });

  it("goes when allowDiskRemoval names it, not before, and the others stay in their slots", async () => {
    const { path } = await machine(agent);
    await write(data);
    const said = await refused`pulumi preview --stack home`;
    assert.match(said, /has the disk scratch no more .*proxmox-vault\/scratch under homelab:allow/);
    await setConfig("homelab:allowDiskRemoval[0]", `${agent}/scratch`);
    await up("home");
    const { unused0 = "", ...others } = await slots();
    assert.match(unused0, /^local-lvm:vm-124-disk-\d+$/);
    assert.deepEqual(others, original);
    assert.deepEqual(await inside(), [started, "scsi1"]);
    assert.deepEqual(await osdsByNode(), [...servers, agent].sort());
    await proxmox("home", `${path}/config?delete=unused0`, "PUT");
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
    "GIB=4000",
    "RELEASES=v1.20.6",
    `DISKS='${[...servers, agent].map((name) => `${name} 1`).join("\n")}'`,
    "POOLS='cephblockpool/ceph-block cephfilesystem/ceph-filesystem cephobjectstore/ceph-bucket'",
  ];
  const script = [...parameters, rke2Script, purgeScript, text].join("\n");
  const command = `bash -c "$(echo ${Buffer.from(script).toString("base64")} | base64 -d)"`;
  return attempt`ssh proxmox-stone ${command}`;
}
