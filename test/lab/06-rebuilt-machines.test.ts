import assert from "node:assert/strict";
import { runInLab } from "../../lab/lab.ts";
import type { NodeObject } from "../../lab/shell/summary.ts";
import { expectSessions, node, readiness } from "./cluster.ts";
import { attempt, refused, run } from "./command.ts";
import { expectNoError } from "./doctor.ts";
import { identities, members } from "./identities.ts";
import { expectAnswers, watchedUp } from "./probes.ts";
import { eventually, machine, nothingToChange, proxmoxTask, setConfig, up } from "./site.ts";
import { given, siteIsUp } from "./states.ts";
import { cephOf, osdsByNode } from "./storage.ts";
import { fault, noFaults } from "./world.ts";

/** The first server and an agent; the first gets another address, the second another host. */
const rebuilt = ["proxmox-stone", "proxmox-vault"];
const all = ["proxmox-stone", "proxmox-tank", "proxmox-titan", "proxmox-vault"];

const file = "Pulumi.home.yaml";

/** Taint of a server that runs no ordinary pods. */
const serversOnly = "CriticalAddonsOnly:NoExecute";

async function taintsOf(name: string): Promise<readonly string[]> {
  type Tainted = NodeObject & { spec: { taints?: { key: string; effect: string }[] } };
  const { spec } = await node<Tainted>(name);
  return (spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`);
}

/** When RKE2 was started on a server. */
const startOf = async (name: string): Promise<string> =>
  run`ssh ${name} systemctl show -p ActiveEnterTimestamp rke2-server`;

/** kubectl on a server that stays, by its own API: what it does reaches the cluster while its address is silent. */
const onTank = async (...args: readonly string[]): Promise<string> =>
  run`ssh proxmox-tank /var/lib/rancher/rke2/bin/kubectl --kubeconfig /etc/rancher/rke2/rke2.yaml ${args}`;

const kubeVip = "/var/lib/rancher/rke2/server/manifests/kube-vip.yaml";

async function answers(): Promise<boolean> {
  const { code } = await attempt`curl -sk --max-time 1 -o /dev/null https://192.168.1.20:9345/ping`;
  return code === 0;
}

/** Takes the control plane's address away from everybody, and gives it back once `seen` no longer throws. */
async function silenced(seen: () => Promise<void>): Promise<void> {
  await onTank("-n", "kube-system", "delete", "daemonset", "kube-vip", "--timeout=60s");
  try {
    await eventually(30, async () => assert.ok(!(await answers()), "the address still answers"));
    await eventually(180, seen);
    assert.ok(!(await answers()), "the address answered meanwhile");
  } finally {
    const asItsOwner = ["--server-side", "--force-conflicts", "--field-manager=deploy"];
    await onTank("apply", ...asItsOwner, "-f", kubeVip);
  }
}

const zone = "topology.kubernetes.io/zone";
const generation = "homelab/generation";

/** Has the config move the agent; what it has there serves its disk, and fits beside the machine that is there. */
async function placeVault(host: "vault" | "tank"): Promise<void> {
  // An earlier suite gives that machine a GiB more.
  await setConfig("homelab:proxmox.hosts[1].reserveGiB", "6");
  await setConfig("homelab:machines[3].host", host);
  await setConfig("homelab:machines[3].memoryGiB", host === "vault" ? "48" : "9");
}

type Identities = Awaited<ReturnType<typeof identities>>;

/** Fails unless one machine has a successor everywhere, all others are as they were, and the site is whole; gives what is there now. */
async function successors(before: Identities, rebuilt: string): Promise<Identities> {
  // The up ends with a healthy site, so nothing here has to be waited for.
  const now = await identities();
  assert.deepEqual(now.counts, before.counts);
  assert.deepEqual([now.names, now.learners], [all, []]);
  for (const what of ["vm", "node", "member", "device"] as const) {
    for (const name of all) {
      const same = JSON.stringify(now[what].get(name)) === JSON.stringify(before[what].get(name));
      const agent = what === "member" && name === "proxmox-vault";
      assert.equal(same, agent || name !== rebuilt, `${what} of ${name}`);
    }
  }
  for (const node of now.nodes) {
    const { metadata } = node;
    const vm = now.vm.get(metadata.name);
    assert.equal(readiness(node), "True");
    assert.equal(metadata.labels[zone], vm?.host, `zone of ${metadata.name}`);
    assert.ok(vm?.tags.split(";").includes(metadata.labels[generation] ?? "none"), vm?.tags);
  }
  return now;
}

describe("machines that are built anew", () => {
  given(siteIsUp);

  afterEach(noFaults);

  let before: Identities;
  let address: [now: string, then: string];

  it("are refused until allowReplace names them, and nothing is changed", async () => {
    before = await identities();
    assert.deepEqual(before.counts, [4, 4, 3, 4]);
    const stone = await run`ssh proxmox-stone ip -4 -o address show dev eth0`;
    const usual = "192.168.1.21";
    address = stone.includes(usual) ? [usual, "192.168.1.61"] : ["192.168.1.61", usual];
    await setConfig("homelab:machines[0].address", address[1]);
    await placeVault("tank");
    // Without a name of its own the machine would be called after its new host.
    await setConfig("homelab:machines[3].name", "proxmox-vault");
    const said = await refused`node scripts/up.ts --stack home`;
    const addresses = `it was installed at ${address[0]}, the config says ${address[1]}`;
    const hosts = "it runs on vault now, the config says tank: this would";
    assert.ok(said.includes(`proxmox-stone): ${addresses}`), said);
    assert.ok(said.includes(`proxmox-vault): ${hosts}`), said);
    for (const name of rebuilt) assert.match(said, new RegExp(`name ${name} under homelab:allow`));
    assert.match(said, /nothing was changed/);
    assert.doesNotMatch(said, /(creating|updating|deleting|replacing)/);
    // A node's own object goes on changing: kubelets report.
    assert.deepEqual({ ...(await identities()), nodes: [] }, { ...before, nodes: [] });
  });

  it("have company in what is refused: networks, the cluster's address, a role, a document's place", async () => {
    const keep = `cp ${file} "$HOME/kept.yaml"`;
    const restore = `cat "$HOME/kept.yaml" >${file}`;
    await run`sh -c ${keep}`;
    const spoilt = {
      "homelab:network.pods": "10.44.0.0/16",
      "homelab:network.services": "10.45.0.0/16",
      "homelab:cluster.vip": "192.168.1.30",
      "homelab:machines[2].role": "agent",
      "homelab:machines[3].role": "server",
      // What a server with a disk of Ceph's needs, and a host with room for it.
      "homelab:machines[3].memoryGiB": "48",
      "homelab:machines[3].host": "vault",
      "homelab:machines[1].datastores.snippets": "nas",
    };
    let said: string;
    try {
      for (const [path, value] of Object.entries(spoilt)) await setConfig(path, value);
      said = await refused`pulumi up --stack home --yes --skip-preview`;
    } finally {
      await run`sh -c ${restore}`;
    }
    for (const text of [
      "homelab:network.pods: the cluster was founded with 10.42.0.0/16",
      "homelab:network.services: the cluster was founded with 10.43.0.0/16",
      "homelab:cluster.vip: the cluster was founded with 192.168.1.20",
      "(proxmox-tank): its cloud-init document lies on local, the config says nas",
      "(proxmox-titan): it was installed as a server, the config says agent",
      "(proxmox-vault): it was installed as an agent, the config says server",
    ])
      assert.ok(said.includes(text), said);
    assert.deepEqual({ ...(await identities()), nodes: [] }, { ...before, nodes: [] });
  });

  it("are refused together: each takes with it a copy of what storage keeps", async () => {
    for (const [i, name] of rebuilt.entries()) await setConfig(`homelab:allowReplace[${i}]`, name);
    const said = await refused`node scripts/up.ts --stack home`;
    assert.match(said, /proxmox-stone, proxmox-vault would be built anew at once/);
    assert.deepEqual({ ...(await identities()), nodes: [] }, { ...before, nodes: [] });
  });

  it("leave Proxmox, etcd, the cluster and the tailnet, and their successors join, though its address is silent", async () => {
    await placeVault("vault");
    await setConfig("homelab:machines[2].workloads", "false");
    const started = await startOf("proxmox-titan");
    // The first server looks for its cluster when nobody answers at its address, and waits for it.
    const download = { service: "mirrors", path: "/sha256sum-amd64.txt" } as const;
    const begun = await fault({ ...download, effect: { kind: "delay", milliseconds: 15_000 } });
    let said = "";
    const going = runInLab(["node", "scripts/up.ts", "--stack", "home"], {
      ...{ stdio: "capture", keepHome: true },
      onOutput: (text) => (said += text),
    });
    const ended = going.then(({ code }) => assert.fail(`up ended with ${code}\n${said}`));
    await Promise.race([
      eventually(300, async () => assert.ok((await begun()) > 0, "no machine was built anew")),
      ended,
    ]);
    await Promise.race([
      silenced(async () => {
        assert.match(
          said,
          /proxmox-stone: nothing answers at 192\.168\.1\.20:9345, where it is to/,
        );
        assert.deepEqual((await members("proxmox-tank")).length, 2);
      }),
      ended,
    ]);
    assert.equal((await going).code, 0, said);
    assert.equal(await startOf("proxmox-titan"), started, "a taint needs no restart");
    assert.deepEqual(await taintsOf("proxmox-titan"), [serversOnly]);
    const now = await successors(before, "proxmox-stone");
    const stone = now.nodes.find(({ metadata }) => metadata.name === "proxmox-stone");
    assert.match(JSON.stringify(stone?.status), new RegExp(`"${address[1]}"`));
    before = now;
  });

  it("may go to another host, and storage has their new disks instead of their old ones", async () => {
    await placeVault("tank");
    const { said, ...seen } = await watchedUp();
    // No server has to do with it. The name may go with a pod.
    expectAnswers(seen, ["api", "address"], 1);
    assert.match(said, /proxmox-vault was built anew: taking the disks of its former life out/);
    const now = await successors(before, "proxmox-vault");
    assert.equal(now.vm.get("proxmox-vault")?.host, "tank");
    assert.deepEqual(await osdsByNode(), all);
    const { health, osds } = await cephOf();
    assert.deepEqual([health, osds], ["HEALTH_OK", 4]);
  });

  it("leave a site that the doctor finds sound", async () => {
    await eventually(60, () => expectSessions("home", 4));
    await expectNoError();
  });

  it("are built once: the next up changes nothing", async () => {
    await run`pulumi config rm --stack home homelab:allowReplace`;
    await run`pulumi up --stack home --yes --skip-preview --refresh --expect-no-changes`;
  });
});

/** Proxmox takes its disks along. It goes back to where it was before: later suites lose hosts, and Ceph's monitors need three. */
describe("a machine that somebody migrates in Proxmox", () => {
  given(siteIsUp);

  const moved = "proxmox-vault";

  /** Hosts of the lab have one processor, so that it may run meanwhile. */
  async function migrate(to: string): Promise<void> {
    const { path } = await machine(moved);
    await proxmoxTask(`${path}/migrate?target=${to}&online=1&with-local-disks=1`);
  }

  /** As docs/proxmox.md says it of hosts that differ: it is off then, and starts where it can once an up has been there. */
  async function migrateOff(to: string): Promise<void> {
    const { path } = await machine(moved);
    await proxmoxTask(`${path}/status/shutdown`);
    await proxmoxTask(`${path}/migrate?target=${to}`);
  }

  let before: Identities;

  it("is left alone by a run that names both hosts, and both ways back", async () => {
    before = await identities();
    const { node: from, vmid } = await machine(moved);
    assert.equal(from, "tank");
    await migrate("vault");
    const said = await refused`node scripts/up.ts --stack home`;
    assert.match(said, /proxmox-vault\): it runs on vault now, the config says tank: this would/);
    assert.match(said, /write \{ name: proxmox-vault, host: vault \}, or move it with its disks/);
    assert.match(said, new RegExp(`: on vault, qm shutdown ${vmid} && qm migrate ${vmid} tank,`));
    await migrate("tank");
    await run`pulumi preview --stack home --expect-no-changes`;
    assert.deepEqual({ ...(await identities()), nodes: [] }, { ...before, nodes: [] });
  });

  it("is the same machine once the config follows it, and changes with the config again", async () => {
    await migrateOff("vault");
    await placeVault("vault");
    await setConfig("homelab:machines[2].workloads", "true");
    const said = await up("home", "--refresh");
    assert.match(said, /proxmox-vault went from tank to vault in Proxmox/);
    assert.doesNotMatch(said, /proxmox-vault-vm .*(deleted|replaced|created)/);
    const now = await identities();
    const { host, ...vm } = now.vm.get(moved) ?? assert.fail(`${moved} is gone`);
    assert.deepEqual([host, { ...vm, host: "tank" }], ["vault", before.vm.get(moved)]);
    for (const what of ["node", "member", "device"] as const)
      assert.deepEqual(now[what], before[what], what);
    assert.equal((await node(moved)).metadata.labels?.[zone], "vault");
    assert.deepEqual(await taintsOf("proxmox-titan"), []);
    assert.deepEqual(await osdsByNode(), all);
    await nothingToChange("home");
  });
});
