import assert from "node:assert/strict";
import { ControlClient } from "../../lab/control/client.ts";
import { addressHolder, node, readiness } from "./cluster.ts";
import { paths, refused, run } from "./command.ts";
import { doctor, expectNoError, named } from "./doctor.ts";
import { changeConfig, eventually, machine, nothingToChange, setConfig, up } from "./site.ts";
import { given, siteIsUp } from "./states.ts";
import { cloudflare, devices, fault, noFaults, tailscale } from "./world.ts";

const control = new ControlClient(paths.control);

const taints = async (name: string): Promise<readonly string[]> =>
  ((await node(name)).spec.taints ?? [])
    .map(({ key }) => key)
    .filter((key) => key.startsWith("node.kubernetes.io/"));

async function ready(name: string): Promise<void> {
  assert.equal(readiness(await node(name)), "True");
  assert.deepEqual(await taints(name), []);
}

/** Size of a machine's root file system. */
const rootGiB = async (name: string): Promise<number> =>
  Number.parseInt(await run`ssh ${name} df --output=size -BG / | tail -n 1`, 10);

/** The end of what RKE2 has written on a server. */
const serverLog = (name: string): Promise<string> =>
  run`ssh ${name} journalctl -u rke2-server -o cat --no-pager | tail -n 20`;

describe("the doctor", () => {
  given(siteIsUp);

  it("finds a healthy site without an error, and ends with the status that says so", async () => {
    await expectNoError();
  });
});

describe("the full disk of a server", () => {
  given(siteIsUp);

  const name = "proxmox-tank";

  after(async () => {
    await control.setDiskUse((await machine(name)).vmid, 6);
  });

  it("is told by its node before anything ends: a kubelet without its API could not tell it any more", async () => {
    await control.setDiskUse((await machine(name)).vmid, 97);
    await eventually(60, async () => {
      const keys = await taints(name);
      assert.ok(keys.includes("node.kubernetes.io/disk-pressure"), keys.join());
    });
    const report = await doctor();
    assert.equal(named(report, `node ${name}`, /DiskPressure/).severity, "error");
    assert.equal(named(report, `machine ${name}`, /disk is 9[67] % full/).severity, "error");
  });

  it("ends its etcd, while the others carry on", async () => {
    await control.setDiskUse((await machine(name)).vmid, 100);
    await eventually(60, async () => {
      assert.match(await serverLog(name), /no space left on device/);
    });
    // Without etcd its API server goes too: where it held the control plane's address, another server takes that over.
    await eventually(60, async () => assert.notEqual(await addressHolder(), name));
  });

  it("is named by the doctor, with what to do, whatever its node can still say", async () => {
    const full = named(await doctor(), `machine ${name}`, /disk is 100 % full/);
    assert.equal(full.severity, "error");
    assert.match(full.remedy, /diskGiB/);
  });

  it("stops a step before it breaks anything, and the step says so", async () => {
    await changeConfig("homelab:cluster.snapshots.retention", ["11", "10"]);
    const said = await refused`node scripts/up.ts --stack home`;
    assert.match(said, new RegExp(`the disk of ${name} is full: 0 MiB are free`));
  });

  it("is over once diskGiB is raised: disk and file system grow while the machine runs", async () => {
    const started = (): Promise<string> => run`ssh ${name} ps -o lstart= -p 1`;
    const before = await started();
    const size = (await rootGiB(name)) + 16;
    await setConfig("homelab:machines[1].diskGiB", String(size));
    // A backup that runs just then; the state has the disk as if it had grown.
    const locked = { kind: "fail", status: 500, message: "VM is locked (backup)" } as const;
    await fault({ service: "proxmox", method: "PUT", path: "/resize", effect: locked });
    assert.match(await refused`node scripts/up.ts --stack home`, /VM is locked \(backup\)/);
    await noFaults();
    assert.match(await up("home"), new RegExp(`${name}-vm: its last change failed`));
    assert.equal(await rootGiB(name), size);
    assert.equal(await started(), before);
    await eventually(90, () => ready(name));
    // Pods that were kept away are not there again at once.
    await eventually(90, () => nothingToChange("home"));
  });

  it("stays as it has grown: Proxmox shrinks no disk, and the run says so before anything", async () => {
    const size = await rootGiB(name);
    await setConfig("homelab:machines[1].diskGiB", String(size - 16));
    try {
      const said = await refused`pulumi preview --stack home`;
      assert.match(said, new RegExp(`the root disk has ${size} GiB.*write diskGiB: ${size} again`));
    } finally {
      await setConfig("homelab:machines[1].diskGiB", String(size));
    }
  });
});

describe("a clock that is off by ten minutes", () => {
  given(siteIsUp);

  const name = "proxmox-vault";

  after(async () => {
    await control.setClock((await machine(name)).vmid, 0);
  });

  it("is named by the doctor, with the machine and what to do", async () => {
    await control.setClock((await machine(name)).vmid, 600);
    const finding = named(await doctor(), `clock of ${name}`, /(599|60\d) s ahead/);
    assert.equal(finding.severity, "error");
    assert.match(finding.remedy, /timedatectl/);
    assert.match(await run`ssh ${name} timedatectl`, /synchronized: no/);
  });

  it("is fine again when it is put right", async () => {
    await control.setClock((await machine(name)).vmid, 0);
    assert.equal(named(await doctor(), `clock of ${name}`, /within/).severity, "ok");
  });
});

describe("a server that lost its etcd data", () => {
  given(siteIsUp);

  const name = "proxmox-titan";
  const etcd = "/var/lib/rancher/rke2/server/db/etcd";

  it("does not start again, because the others know it as a member", async () => {
    await run`ssh ${name} rke2-killall.sh; rm -rf ${etcd}; systemctl start rke2-server || true`;
    await eventually(60, async () => {
      assert.match(await serverLog(name), /duplicate node name found/);
    });
  });

  it("is named by the doctor, with every step", async () => {
    const finding = named(await doctor(), `machine ${name}`, /etcd data is lost/);
    assert.equal(finding.severity, "error");
    assert.match(finding.remedy, new RegExp(`kubectl delete node ${name}`));
  });

  it("is named by the step that starts it", async () => {
    await changeConfig("homelab:cluster.snapshots.retention", ["10", "11"]);
    const said = await refused`node scripts/up.ts --stack home`;
    assert.match(said, /its etcd data is lost.*kubectl delete node proxmox-titan/s);
  });

  it("joins again after the documented steps, and up finds a whole site", async () => {
    await run`ssh ${name} systemctl stop rke2-server`;
    await run`kubectl --context home delete node ${name} --timeout=60s`;
    await run`ssh ${name} rke2-killall.sh; rm -rf ${etcd}; systemctl start rke2-server`;
    await eventually(90, () => ready(name));
    await up("home", "--refresh");
    await expectNoError();
  });
});

describe("what a lost answer leaves behind", () => {
  given(siteIsUp);

  it("a second Access policy is named with its id, and which is the stack's", async () => {
    const policy = (
      await cloudflare<{ id: string; name: string }[]>("GET", "accounts/{a}/access/policies")
    ).find(({ name }) => name === "home: family");
    assert.ok(policy);
    const twin = await cloudflare<{ id: string }>("POST", "accounts/{a}/access/policies", {
      name: policy.name,
      decision: "allow",
      include: [{ email: { email: "admin@example.net" } }],
    });
    try {
      const finding = named(await doctor(), `Access policy ${policy.name}`, /exists twice/);
      assert.ok(finding.text.includes(`${policy.id} is the stack's, ${twin.id} is not`));
      assert.ok(finding.remedy.includes(twin.id));
    } finally {
      await cloudflare("DELETE", `accounts/{a}/access/policies/${twin.id}`);
    }
  });

  it("a route of the Connector that nobody approved is named", async () => {
    const connector = (await devices()).find(
      ({ hostname }) => hostname === "robbinsdale-connector-0",
    );
    assert.ok(connector);
    const all = connector.enabledRoutes ?? [];
    const approve = (routes: readonly string[]): Promise<string> =>
      tailscale("POST", `device/${connector.id}/routes`, JSON.stringify({ routes }));
    await approve(all.filter((route) => route !== "10.42.0.0/16"));
    try {
      const report = await doctor();
      const finding = named(report, "Connector robbinsdale-connector-0", /nobody approved/);
      assert.match(finding.text, /10\.42\.0\.0\/16/);
    } finally {
      await approve(all);
    }
    await expectNoError();
  });
});
