import assert from "node:assert/strict";
import { RunError } from "@pulumi/pulumi";
import { ServiceError } from "../../../components/http/service-error.ts";
import { readInventory, type Inventory } from "../../../components/proxmox/inventory.ts";
import { knownOf } from "../../../components/proxmox/known-machines.ts";
import type { ProxmoxApi } from "../../../components/proxmox/proxmox-api.ts";

type Answers = Readonly<Record<string, unknown>>;

/** Answers as PVE/API2/Cluster.pm gives them: the host tank has been off for ten minutes. */
const answers: Answers = {
  "cluster/resources": [
    { type: "node", id: "node/stone", node: "stone", status: "online" },
    { type: "node", id: "node/tank", node: "tank", status: "offline" },
    { type: "node", id: "node/vault", node: "vault", status: "unknown" },
    {
      ...{ type: "qemu", id: "qemu/121", vmid: 121, node: "stone", status: "running" },
      ...{ name: "proxmox-stone", tags: "gen-0000aaaa;homelab;homelab-home" },
    },
    { type: "qemu", id: "qemu/122", vmid: 122, node: "tank", status: "unknown", tags: "homelab" },
    { type: "lxc", id: "lxc/130", vmid: 130, node: "stone", status: "stopped", name: "dns" },
    { type: "storage", id: "storage/stone/local", node: "stone", storage: "local" },
  ],
  pools: [{ poolid: "homelab", comment: "mine" }, { poolid: "other" }],
  "cluster/mapping/pci": [{ id: "gpu", map: [] }],
  "cluster/mapping/usb": [{ id: "zigbee", map: [], description: "of the cabin" }],
  "cluster/status": [
    { type: "cluster", quorate: 1 },
    { type: "node", name: "stone", online: 1 },
  ],
};

const refusal = (status: number, text: string): ServiceError =>
  new ServiceError("refused", { status }, `${status} ${text}`);

function api(changes: Answers = {}): ProxmoxApi {
  const all: Answers = { ...answers, ...changes };
  return <T>(path: string): Promise<T> => {
    const answer = all[path];
    if (answer instanceof Error) return Promise.reject(answer);
    assert.ok(answer !== undefined, `${path} was asked for`);
    return Promise.resolve(answer as T);
  };
}

const read = (changes: Answers = {}, vmIds: readonly number[] = [121]): Promise<Inventory> =>
  readInventory(api(changes), {
    endpoint: "https://stone:8006",
    vmIds,
    pciMappings: true,
    usbMappings: true,
  });

describe("what a Proxmox cluster has", () => {
  it("are guests of all hosts, those that are down too, and containers", async () => {
    const { machines, hosts, offline, quorate } = await read();
    assert.deepEqual(machines, [
      {
        ...{ vmId: 121, name: "proxmox-stone", host: "stone" },
        ...{ tags: ["gen-0000aaaa", "homelab", "homelab-home"], running: true },
      },
      { vmId: 122, name: "", host: "tank", tags: ["homelab"], running: false },
      { vmId: 130, name: "dns", host: "stone", tags: [], running: false },
    ]);
    assert.deepEqual([hosts, offline, quorate], [["stone", "tank", "vault"], ["tank"], true]);
  });

  it("run unless their host says that they are stopped, or is gone itself", async () => {
    const guests = [
      ["stone", "paused"],
      ["stone", "io-error"],
      ["stone", "stopped"],
      // Hosts whose pvestatd hangs say nothing of what they run.
      ["stone", "unknown"],
      ["vault", "unknown"],
      ["tank", "unknown"],
      ["removed", "unknown"],
      ["tank", "running"],
    ];
    const nodes = (answers["cluster/resources"] as { type: string }[]).filter(
      ({ type }) => type === "node",
    );
    const rows = guests.map(([node, status], i) => ({ type: "qemu", vmid: 200 + i, node, status }));
    const { machines } = await read({ "cluster/resources": [...nodes, ...rows] }, [200]);
    assert.deepEqual(
      machines.map(({ running }) => running),
      [true, true, false, true, true, false, false, true],
    );
  });

  it("asks no host but the one at the endpoint, so that another's dead API hides nothing", async () => {
    const asked: string[] = [];
    const all = api({ "cluster/nextid?vmid=140": "140" });
    await readInventory(
      (path) => {
        asked.push(path);
        return all(path);
      },
      { endpoint: "https://stone:8006", vmIds: [121, 140], pciMappings: true, usbMappings: true },
    );
    assert.deepEqual(
      asked.filter((path) => path.startsWith("nodes/")),
      [],
    );
    assert.equal(asked.length, 6);
  });

  it("asks of an id that the list lacks whether the token only may not see it", async () => {
    const taken = refusal(400, "VM 123 already exists");
    const changes = { "cluster/nextid?vmid=123": taken, "cluster/nextid?vmid=140": "140" };
    assert.deepEqual((await read(changes, [121, 123, 140])).hidden, [123]);
  });

  it("names pools and mappings with what is said of them", async () => {
    const { pools, pciMappings, usbMappings } = await read();
    assert.deepEqual(pools, [
      { name: "homelab", comment: "mine" },
      { name: "other", comment: "" },
    ]);
    assert.deepEqual(pciMappings, [{ name: "gpu", comment: "" }]);
    assert.deepEqual(usbMappings, [{ name: "zigbee", comment: "of the cabin" }]);
  });

  it("knows a cluster without a quorum, and a host without a cluster", async () => {
    const lost = { "cluster/status": [{ type: "cluster", quorate: 0 }] };
    assert.equal((await read(lost)).quorate, false);
    const alone = { "cluster/status": [{ type: "node", name: "stone", online: 1 }] };
    assert.equal((await read(alone)).quorate, true);
    const blind = { "cluster/status": refusal(403, "Permission check failed (/, Sys.Audit)") };
    assert.equal((await read(blind)).quorate, true);
  });

  it("is refused with what to do when the host does not answer, or not to this token", async () => {
    const down = new ServiceError("unreachable", { status: 0 }, "stone:8006 cannot be reached");
    for (const [error, text] of [
      [down, /nothing was changed: stone:8006 cannot be reached\n.*any other of the cluster does/],
      [refusal(401, "permission denied"), /nothing was changed: 401 permission denied\nCheck the/],
    ] as const)
      await assert.rejects(read({ pools: error }), (thrown: Error) => {
        assert.ok(RunError.isInstance(thrown));
        assert.match(thrown.message, text);
        return true;
      });
  });
});

describe("what a stack's state has on Proxmox", () => {
  it("are its machines as they were made, its pool and its mappings", () => {
    const vm = { vmId: 121, name: "proxmox-stone", nodeName: "stone", tags: ["homelab"] };
    const known = knownOf([
      { type: "pulumi:pulumi:Stack", outputs: { vip: "192.168.1.10", kubeconfig: "users: []" } },
      { type: "proxmoxve:index/vmLegacy:VmLegacy", outputs: vm },
      { type: "proxmoxve:index/poolLegacy:PoolLegacy", outputs: { poolId: "homelab" } },
      { type: "proxmoxve:hardware/mapping/pci:Pci", outputs: { name: "gpu" } },
      { type: "proxmoxve:hardware/mapping/usb:Usb", outputs: { name: "zigbee" } },
    ]);
    const machine = { vmId: 121, name: "proxmox-stone", host: "stone", tags: ["homelab"] };
    const kept = {
      claims: [],
      backups: [],
      volumes: [],
      classes: [],
      workloads: [],
      images: new Map(),
    };
    const bare = { keepers: [], edge: [], handOvers: { steps: {}, objects: [] }, ...kept };
    assert.deepEqual(known, {
      machines: [
        {
          ...{ ...machine, address: undefined, role: undefined, disks: [] },
          ...{ snippets: undefined, uefi: undefined, image: undefined },
        },
      ],
      pools: ["homelab"],
      pciMappings: ["gpu"],
      usbMappings: ["zigbee"],
      ...{ founded: undefined, loadBalancers: undefined, ...bare },
      lastUp: { kubeconfig: "users: []" },
    });
    const lists = { machines: [], pools: [], pciMappings: [], usbMappings: [] };
    const nothing = { ...lists, founded: undefined, loadBalancers: undefined, ...bare };
    assert.deepEqual(knownOf([]), nothing);
  });

  it("are also what a machine was built from, and the pool of load balancers", () => {
    const disks = [
      { interface: "scsi0", datastoreId: "a", size: 1, importFrom: "local:import/x.raw" },
    ];
    const pool = (block: object) => ({
      type: "kubernetes:cilium.io/v2:CiliumLoadBalancerIPPool",
      outputs: { spec: { blocks: [block] } },
    });
    const known = knownOf([
      { type: "proxmoxve:index/vmLegacy:VmLegacy", outputs: { vmId: 121, name: "a", disks } },
      pool({ cidr: "10.96.0.0/16" }),
    ]);
    assert.deepEqual([known.machines[0]?.image, known.loadBalancers], ["x.raw", "10.96.0.0/16"]);
    const run = { start: "192.168.1.200", stop: "192.168.1.239" };
    assert.deepEqual(knownOf([pool(run)]).loadBalancers, run);
  });
});
