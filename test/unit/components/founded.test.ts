import assert from "node:assert/strict";
import {
  conflicts,
  rebuildReasons,
  type ConflictArgs,
  type WantedMachine,
} from "../../../components/proxmox/conflicts.ts";
import { knownOf } from "../../../components/proxmox/known-machines.ts";
import { machineTags } from "../../../components/proxmox/tags.ts";
import { scriptInput } from "../../../components/remote/shell.ts";
import { commandText } from "../../../components/remote/remote-step.ts";
import { serverConfig } from "../../../components/rke2/config.ts";
import { clusterPlan } from "../../../stacks/parts/cluster/deploy.ts";
import { firstProblems, foundedProblems } from "../../../stacks/parts/cluster/founded.ts";
import { homeConfig, type Changes } from "../stacks/sample.ts";

const config = homeConfig();
const generation = "gen-0000aaaa";

/** What the state holds of a machine: its VM, and the step that installed RKE2 there. */
function made(machine: WantedMachine, role = machine.role, born = generation) {
  const { name, vmId, host, address, uefi, datastores } = machine;
  const tags = machineTags("home", generation, []);
  const ipConfigs = [{ ipv4: { address: `${address}/24`, gateway: "192.168.1.1" } }];
  const plan = clusterPlan({ name: "home", config }, (ref) => ref);
  const tokens = { server: "it's", agent: "a" };
  const parameters = {
    ROLE: role,
    NODE_NAME: name,
    VIP: config.cluster.vip,
    CONFIG:
      role === "server"
        ? serverConfig(plan, [], { ...machine, generation, kubeletArgs: {} }, tokens)
        : "",
    GENERATION: born,
  };
  const create = commandText({ title: "apply", limitSeconds: 60, machine: { name } });
  return [
    {
      type: "proxmoxve:index/vmLegacy:VmLegacy",
      outputs: {
        ...{ vmId, name, nodeName: host, tags, bios: uefi ? "ovmf" : "seabios" },
        initialization: { ipConfigs, userDataFileId: `${datastores.snippets}:snippets/a.yaml` },
      },
    },
    {
      type: "command:remote:Command",
      outputs: { create, stdin: scriptInput("main\n", parameters) },
    },
  ];
}

const machines = config.machines;
const [stone, tank, titan, vault] = machines as [Wanted, Wanted, Wanted, Wanted];
type Wanted = (typeof machines)[number];
const state = knownOf(machines.flatMap((machine) => made(machine)));
const existing = machines.map(({ name, vmId, host }) => ({
  ...{ name, vmId, host },
  tags: machineTags("home", generation, []),
}));

const texts = (
  wanted: readonly WantedMachine[],
  allowReplace: readonly string[] = [],
  change: Partial<ConflictArgs> = {},
): readonly string[] =>
  conflicts({
    ...{ site: "home", wanted, existing, known: state.machines, offline: [], allowReplace },
    ...change,
  }).map(({ path, text }) => `${path}: ${text}`);

/** The machines with changes to some. */
const changed = (...changes: readonly Partial<WantedMachine>[]): readonly WantedMachine[] =>
  machines.map((machine, i) => ({ ...machine, ...changes[i] }));

describe("what a cluster was founded with", () => {
  it("is read from the steps that the state has, and from no step that never ended", () => {
    assert.deepEqual(state.founded, {
      vip: "192.168.1.20",
      pods: "10.42.0.0/16",
      services: "10.43.0.0/16",
      clusterDns: "10.43.0.10",
      clusterDomain: "cluster.local",
    });
    assert.equal(knownOf(made(vault)).founded, undefined);
    assert.deepEqual(
      state.machines.map(({ address, role }) => `${address} ${role}`),
      machines.map(({ address, role }) => `${address} ${role}`),
    );
  });

  const refused = (changes: Changes): readonly string[] =>
    foundedProblems(homeConfig(changes), state.founded).map(({ path, text }) => `${path}: ${text}`);

  it("does not change: each difference is refused with its key, its reason and the way", () => {
    assert.deepEqual(refused({}), []);
    for (const [key, value, old] of [
      ["network.pods", "10.44.0.0/16", "10.42.0.0/16"],
      ["network.services", "10.45.0.0/16", "10.43.0.0/16"],
      ["network.clusterDns", "10.43.0.53", "10.43.0.10"],
      ["network.clusterDomain", "lab.local", "cluster.local"],
      ["cluster.vip", "192.168.1.30", "192.168.1.20"],
    ] as const) {
      const [text = "", ...more] = refused({ [key]: value });
      assert.deepEqual(more, [], key);
      assert.ok(text.startsWith(`homelab:${key}: the cluster was founded with ${old}, and`), text);
      assert.match(text, new RegExp(`Put back ${old.replaceAll(".", "\\.")}; .*npm run destroy`));
    }
  });

  it("is free before there is a cluster", () => {
    assert.deepEqual(
      foundedProblems(homeConfig({ "network.pods": "10.44.0.0/16" }), undefined),
      [],
    );
  });
});

describe("a machine that is installed", () => {
  it("keeps its address unless it may be built anew", () => {
    const wanted = changed({}, { address: "192.168.1.62" });
    const [text = ""] = texts(wanted);
    assert.match(
      text,
      /^homelab:machines\[1\] \(proxmox-tank\): it was installed at 192\.168\.1\.22, the config says 192\.168\.1\.62.*etcd.*allowReplace/,
    );
    assert.deepEqual(texts(wanted, ["proxmox-tank"]), []);
    assert.match(texts(changed({}, {}, {}, { address: "192.168.1.64" }))[0] ?? "", /proxmox-vault/);
  });

  it("keeps its role unless it may be built anew; two of them may change places", () => {
    const wanted = changed({}, {}, { role: "agent" }, { role: "server" });
    const [server = "", agent = ""] = texts(wanted);
    assert.match(server, /\(proxmox-titan\): it was installed as a server, the config says agent/);
    assert.match(agent, /\(proxmox-vault\): it was installed as an agent, the config says server/);
    assert.deepEqual(texts(wanted, ["proxmox-titan", "proxmox-vault"]), []);
  });

  it("keeps the datastore of its cloud-init document, and UEFI, unless it may be built anew", () => {
    const nas = { ...tank.datastores, snippets: "nas" };
    const wanted = changed({}, { datastores: nas }, { uefi: true });
    const [text = "", ...more] = texts(wanted);
    assert.match(
      text,
      /\(proxmox-tank\): its cloud-init document lies on local, the config says nas.*allowReplace/,
    );
    assert.deepEqual(more, [], "UEFI may come");
    assert.deepEqual(texts(wanted, ["proxmox-tank"]), []);
    const before = knownOf(machines.flatMap((machine) => made({ ...machine, uefi: true })));
    assert.match(
      texts(machines, [], { known: before.machines }).join("\n"),
      /\(proxmox-vault\): it was made with UEFI, the config says none.*allowReplace/,
    );
  });

  it("leaves etcd its majority: of the servers that there are only one is built anew", () => {
    const wanted = changed({}, { address: "192.168.1.62" }, { role: "agent" }, { role: "server" });
    const found = texts(wanted, ["proxmox-tank", "proxmox-titan", "proxmox-vault"]).join("\n");
    assert.match(found, /\(proxmox-tank\): .*proxmox-titan is to be built anew too/);
    assert.match(found, /\(proxmox-titan\): .*proxmox-tank is to be built anew too/);
    assert.doesNotMatch(found, /proxmox-vault\)/);
  });

  it("has its address to itself until it is gone", () => {
    const swapped = changed({}, { address: titan.address }, { address: tank.address });
    const found = texts(swapped, ["proxmox-tank", "proxmox-titan"]).join("\n");
    assert.match(
      found,
      /192\.168\.1\.23 is the address of proxmox-titan \(VM 123\) until it is gone/,
    );
    const loft = { ...titan, name: "proxmox-loft", vmId: 140 };
    const instead = [stone, tank, loft, vault];
    assert.match(
      texts(instead).join("\n"),
      /\(proxmox-loft\): .*let proxmox-titan leave in an up of/,
    );
    const without = existing.filter(({ vmId }) => vmId !== titan.vmId);
    assert.deepEqual(texts(instead, [], { existing: without }), []);
  });

  it("keeps its address where it is built anew as another VM: the old one goes first", () => {
    const anew = changed({}, {}, {}, { vmId: 140 });
    assert.match(texts(anew).join("\n"), /\(proxmox-vault\): its VM id is 124 now/);
    assert.equal(texts(anew).length, 1);
    assert.deepEqual(texts(anew, ["proxmox-vault"]), []);
  });

  it("may have another address while nothing has reached it, and what is built anyway anything", () => {
    const before = knownOf(
      machines.flatMap((machine) => made(machine, machine.role, "gen-0000bbbb")),
    );
    const wanted = changed({}, { address: "192.168.1.62" });
    assert.deepEqual(texts(wanted, [], { known: before.machines }), []);
    const lost = existing.filter(({ vmId }) => vmId !== tank.vmId);
    const args = { site: "home", wanted, existing: lost, known: state.machines };
    assert.deepEqual(
      rebuildReasons({ ...args, allowReplace: [], offline: [] }, wanted[1] as WantedMachine),
      [],
    );
  });
});

describe("the first server that is to be built", () => {
  const site = (stands: readonly boolean[], offline: readonly boolean[] = []) =>
    machines.map((machine, i) => ({
      ...machine,
      stands: stands[i] ?? true,
      offline: offline[i] ?? false,
    }));

  it("needs one of the others that can be asked for a cluster, where there are any", () => {
    assert.deepEqual(firstProblems(site([true], [false, true, true])), []);
    assert.deepEqual(firstProblems(site([false], [false, true, false])), []);
    const none = [false, false, false, false];
    assert.deepEqual(firstProblems(site(none, [false, true, true, true])), []);
    const [{ path, text } = { path: "", text: "" }] = firstProblems(
      site([false], [false, true, true]),
    );
    assert.equal(path, "homelab:machines (proxmox-stone)");
    assert.match(text, /the first server is to be built.*proxmox-tank, proxmox-titan are down/);
  });
});
