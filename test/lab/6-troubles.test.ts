import assert from "node:assert/strict";
import { ControlClient } from "../../lab/control/client.ts";
import type { NodeObject } from "../../lab/shell/summary.ts";
import { bad, doctor, named } from "./doctor.ts";
import { attempt, eventually, kubectl, machines, paths, run } from "./site.ts";
import { cloudflare, devices, tailscale } from "./world.ts";

const control = new ControlClient(paths.control);

const vmidOf = async (name: string): Promise<number> => {
  const machine = (await machines("home")).find((candidate) => candidate.name === name);
  assert.ok(machine, `${name} is no machine`);
  return machine.vmid;
};

async function healthy(): Promise<void> {
  const errors = bad(await doctor()).filter(({ severity }) => severity === "error");
  assert.deepEqual(errors, []);
}

async function ready(name: string): Promise<void> {
  const node = await kubectl<NodeObject & { spec: { taints?: { key: string }[] } }>(
    ...(["home", "get", "node", name] as const),
  );
  assert.equal(node.status.conditions.find(({ type }) => type === "Ready")?.status, "True");
  const taints = (node.spec.taints ?? []).filter(({ key }) =>
    key.startsWith("node.kubernetes.io/"),
  );
  assert.deepEqual(taints, []);
}

describe("the doctor", () => {
  it("finds a healthy site without an error, and ends with the status that says so", async () => {
    await eventually(60, healthy);
  });
});

describe("the full disk of a server", () => {
  const name = "proxmox-tank";

  after(async () => {
    await control.setDiskUse(await vmidOf(name), 6);
  });

  it("ends its etcd, and the node says DiskPressure, while the others carry on", async () => {
    await control.setDiskUse(await vmidOf(name), 100);
    await eventually(60, async () => {
      const node = await kubectl<NodeObject & { spec: { taints?: { key: string }[] } }>(
        ...(["home", "get", "node", name] as const),
      );
      const keys = (node.spec.taints ?? []).map(({ key }) => key);
      assert.ok(keys.includes("node.kubernetes.io/disk-pressure"), keys.join());
      const log = await run(
        "ssh",
        name,
        "journalctl -u rke2-server -o cat --no-pager | tail -n 20",
      );
      assert.match(log, /no space left on device/);
    });
    // Without etcd its API server goes too: where it held the control plane's address, another server takes that over.
    await eventually(60, async () => {
      const lease = await kubectl<{ spec: { holderIdentity: string } }>(
        ...(["home", "get", "lease", "-n", "kube-system", "plndr-cp-lock"] as const),
      );
      assert.notEqual(lease.spec.holderIdentity, name);
    });
  });

  it("is named by the doctor, with what to do", async () => {
    const report = await doctor();
    assert.equal(named(report, `machine ${name}`, /disk is 100 % full/).severity, "error");
    assert.match(named(report, `machine ${name}`, /disk is 100 % full/).remedy, /diskGb/);
    assert.equal(named(report, `node ${name}`, /DiskPressure/).severity, "error");
  });

  it("stops a step before it breaks anything, and the step says so", async () => {
    await run(
      ...["pulumi", "config", "set", "--stack", "home", "--path"],
      ...["homelab:cluster.snapshots.retention", "11"],
    );
    const { code, stdout, stderr } = await attempt("node", "scripts/up.ts", "--stack", "home");
    assert.notEqual(code, 0);
    assert.match(`${stdout}${stderr}`, new RegExp(`the disk of ${name} is full: 0 MiB are free`));
  });

  it("is over once there is room, and the next up ends well", async () => {
    await control.setDiskUse(await vmidOf(name), 6);
    await eventually(90, () => ready(name));
    await run("node", "scripts/up.ts", "--stack", "home");
  });
});

describe("a clock that is off by ten minutes", () => {
  const name = "proxmox-vault";

  after(async () => {
    await control.setClock(await vmidOf(name), 0);
  });

  it("is named by the doctor, with the machine and what to do", async () => {
    await control.setClock(await vmidOf(name), 600);
    const finding = named(await doctor(), `clock of ${name}`, /(599|60\d) s ahead/);
    assert.equal(finding.severity, "error");
    assert.match(finding.remedy, /timedatectl/);
    assert.match(await run("ssh", name, "timedatectl"), /synchronized: no/);
  });

  it("is fine again when it is put right", async () => {
    await control.setClock(await vmidOf(name), 0);
    assert.equal(named(await doctor(), `clock of ${name}`, /within/).severity, "ok");
  });
});

describe("a server that lost its etcd data", () => {
  const name = "proxmox-titan";
  const etcd = "/var/lib/rancher/rke2/server/db/etcd";

  it("does not start again, because the others know it as a member", async () => {
    await run("ssh", name, `rke2-killall.sh; rm -rf ${etcd}; systemctl start rke2-server || true`);
    await eventually(60, async () => {
      const log = await run(
        "ssh",
        name,
        "journalctl -u rke2-server -o cat --no-pager | tail -n 20",
      );
      assert.match(log, /duplicate node name found/);
    });
  });

  it("is named by the doctor, with every step", async () => {
    const finding = named(await doctor(), `machine ${name}`, /etcd data is lost/);
    assert.equal(finding.severity, "error");
    assert.match(finding.remedy, new RegExp(`kubectl delete node ${name}`));
  });

  it("is named by the step that starts it", async () => {
    await run(
      ...["pulumi", "config", "set", "--stack", "home", "--path"],
      ...["homelab:cluster.snapshots.retention", "10"],
    );
    const { code, stdout, stderr } = await attempt("node", "scripts/up.ts", "--stack", "home");
    assert.notEqual(code, 0);
    assert.match(`${stdout}${stderr}`, /its etcd data is lost.*kubectl delete node proxmox-titan/s);
  });

  it("joins again after the documented steps, and up finds a whole site", async () => {
    await run("ssh", name, "systemctl stop rke2-server");
    await run("kubectl", "--context", "home", "delete", "node", name, "--timeout=60s");
    await run("ssh", name, `rke2-killall.sh; rm -rf ${etcd}; systemctl start rke2-server`);
    await eventually(90, () => ready(name));
    await run("node", "scripts/up.ts", "--stack", "home", "--refresh");
    await eventually(60, healthy);
  });
});

describe("what a lost answer leaves behind", () => {
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
    await healthy();
  });
});
