import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { RunError } from "@pulumi/pulumi";
import { proxmoxApi } from "../../../components/proxmox/proxmox-api.ts";
import { deploySite } from "../../../stacks/site.ts";
import { goldenGraph } from "../../golden/graph.ts";
import { proxmoxOf, type World } from "../../mocked-world.ts";
import { record, type Recording } from "../../recorder.ts";
import { depsIn, siteDeps } from "../site-deps.ts";
import { at } from "./at.ts";
import { homeConfig, type Changes } from "../stacks/sample.ts";
import { recordedHome } from "./home-recording.ts";

const fresh = () => "gen-0000ffff";
const deploy = (world: World = {}, changes: Changes = {}): Promise<Recording> =>
  recordedHome(changes, { ...depsIn(world), fresh });

describe("deploying a site", () => {
  it("refuses a foreign machine's id before any machine, key or file is registered", async () => {
    const recording = await record("home");
    const deps = depsIn({
      vms: [{ vmId: 122, name: "family-photos", nodeName: "tank", tags: [] }],
    });
    await assert.rejects(deploySite("home", homeConfig(), deps), (error: Error) => {
      assert.ok(RunError.isInstance(error));
      assert.match(
        error.message,
        /homelab:machines\[1\] \(proxmox-tank\): VM id 122 is taken by family-photos \(122 on tank\)/,
      );
      return true;
    });
    assert.deepEqual(recording.resources, []);
  });

  it("has no output without a value, however load balancers are announced", async () => {
    const l2 = {
      "network.bgp": undefined,
      "network.l2": true,
      "network.loadBalancers": { start: "192.168.1.200", stop: "192.168.1.239" },
    };
    for (const changes of [{}, l2]) {
      await record("home");
      const outputs = await deploySite("home", homeConfig(changes), siteDeps);
      const missing = Object.entries(outputs).filter(([, value]) => value === undefined);
      assert.deepEqual(missing, []);
    }
  });

  it("gives the provider its settings in the order in which the bridge keeps them", async () => {
    const provider = (await deploy()).get("proxmox");
    const text = String(provider.plain["ssh"]);
    const sorted = JSON.stringify(JSON.parse(text), (_, value: unknown) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => a.localeCompare(b)))
        : value,
    );
    assert.equal(text, sorted);
  });

  it("keeps the minor of Cilium that the cluster began with, whose defaults the chart goes on to use", async () => {
    const cilium = (await deploy()).get("cilium");
    assert.equal(at(cilium.plain, "values.upgradeCompatibility"), "1.19");
    assert.deepEqual(cilium.options.ignoreChanges, ["values.upgradeCompatibility"]);
  });

  it("leaves alone what is done on a machine whose host is down, and knows what it is all the same", async () => {
    const marks = ["gen-12345678", "homelab", "homelab-home"];
    const vault = { vmId: 124, name: "", nodeName: "vault", tags: marks };
    const graph = await goldenGraph("home", { vms: [vault], offline: ["vault"] });
    const of = (name: string) => graph.find((resource) => resource.name === name);
    const left = (name: string): string =>
      JSON.stringify(of(name)?.options?.["ignoreChanges"] ?? []);
    assert.match(left("proxmox-vault-apply-command"), /stdin/);
    for (const other of [
      "proxmox-vault-admit-command",
      "proxmox-tank-admit-command",
      "home-ready-command",
    ])
      assert.equal(left(other), "[]", other);
    assert.match(JSON.stringify(of("proxmox-vault-labels")?.inputs), /gen-12345678/);
    assert.match(JSON.stringify(of("proxmox-vault-vm")?.inputs), /gen-12345678/);
  });

  it("takes a machine for the same while its host's API hangs, and leaves its disks alone", async () => {
    const tags = ["gen-12345678", "homelab", "homelab-home"];
    const tank = { vmId: 122, name: "proxmox-tank", nodeName: "tank", tags };
    const world = { vms: [tank] };
    let held = 0;
    // What asks the host stays open; corosync calls it online all the while.
    const server = createServer((request, answer) => {
      const path = (request.url ?? "").replace("/api2/json/", "");
      if (path.startsWith("nodes/tank/")) held += 1;
      else
        proxmoxOf(world)(path).then(
          (data) => answer.end(JSON.stringify({ data })),
          () => answer.writeHead(400).end(),
        );
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    try {
      const { port } = server.address() as AddressInfo;
      const access = { endpoint: `http://127.0.0.1:${port}`, token: "homelab@pve!pulumi=none" };
      const disks = [
        {
          slot: "scsi0",
          datastore: "local-lvm",
          volume: "vm-122-disk-0",
          sizeGiB: 128,
          serial: "",
        },
      ];
      const known = { vmId: 122, name: "proxmox-tank", host: "tank", tags, disks };
      const site = await recordedHome(
        {},
        {
          ...{ ...depsIn(world), fresh },
          proxmox: proxmoxApi(access, { totalMs: 400, answerMs: 200 }),
          known: () =>
            Promise.resolve({ machines: [known], pools: [], pciMappings: [], usbMappings: [] }),
        },
      );
      assert.ok(held > 0, "nobody asked the host");
      const { shown, options } = site.get("proxmox-tank-vm");
      assert.ok((shown["tags"] as string[]).includes("gen-12345678"));
      assert.ok(options.ignoreChanges.includes("disks"), options.ignoreChanges.join());
      assert.doesNotMatch(
        site.get("proxmox-tank-admit-command").options.ignoreChanges.join(),
        /stdin/,
      );
    } finally {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    }
  });

  it("leaves a machine alone that somebody has migrated, once the config says where to", async () => {
    const marks = ["gen-12345678", "homelab", "homelab-home"];
    const tank = { vmId: 122, name: "proxmox-tank", nodeName: "tank", tags: marks };
    const site = await deploy({ vms: [tank] });
    const ignored = (name: string) => site.get(name).options.ignoreChanges;
    assert.ok(ignored("proxmox-tank-vm").includes("nodeName"));
    assert.ok(!ignored("proxmox-titan-vm").includes("nodeName"));
  });

  it("asks a server that is there whether there is a cluster when the first one is to be built", async () => {
    const tags = ["gen-12345678", "homelab", "homelab-home"];
    const tank = { vmId: 122, name: "proxmox-tank", nodeName: "tank", tags };
    const titan = { vmId: 123, name: "proxmox-titan", nodeName: "titan", tags };
    const asked = async (world: World) =>
      String((await deploy(world)).get("proxmox-stone-admit-command").shown["create"]);
    assert.match(await asked({}), /# admit proxmox-stone on proxmox-tank$/);
    assert.match(await asked({ vms: [tank, titan] }), /on proxmox-tank$/);
    assert.match(await asked({ vms: [tank, titan], offline: ["tank"] }), /on proxmox-titan$/);
    await assert.rejects(deploy({ vms: [tank], offline: ["tank"] }), /first server is to be built/);
  });

  it("builds a machine anew that may have another address, and changes it by no update", async () => {
    const tags = ["gen-12345678", "homelab", "homelab-home"];
    const tank = { vmId: 122, name: "proxmox-tank", host: "tank", tags };
    const vms = [121, 122, 123].map((vmId, i) => {
      const host = ["stone", "tank", "titan"][i] ?? "";
      return { vmId, name: `proxmox-${host}`, nodeName: host, tags };
    });
    const known = { ...tank, address: "192.168.1.62", role: "server" as const, disks: [] };
    const site = await recordedHome(
      { allowReplace: ["proxmox-tank"] },
      {
        ...{ ...depsIn({ vms }), fresh },
        known: () =>
          Promise.resolve({ machines: [known], pools: [], pciMappings: [], usbMappings: [] }),
      },
    );
    const vm = site.get("proxmox-tank-vm");
    assert.deepEqual(vm.options.replaceOnChanges, ["tags"]);
    assert.ok((vm.shown["tags"] as string[]).includes("gen-0000ffff"));
    assert.deepEqual(site.get("proxmox-titan-vm").options.replaceOnChanges, []);
  });

  it("keeps the generation of machines that stand, so that nothing runs again", async () => {
    const vms = [
      {
        vmId: 121,
        name: "proxmox-stone",
        nodeName: "stone",
        tags: ["gen-12345678", "homelab", "homelab-home"],
      },
    ];
    const site = await deploy({ vms });
    const tags = (name: string): string[] => site.get(name).shown["tags"] as string[];
    assert.ok(tags("proxmox-stone-vm").includes("gen-12345678"));
    assert.ok(tags("proxmox-tank-vm").includes("gen-0000ffff"));
  });

  it("puts a machine under HA and builds its rule anew when its id changes", async () => {
    const nas = { snippets: "nas", disks: "nas" };
    const ha = { "machines[0].ha": { maxRestart: 2 }, "machines[0].datastores": nas };
    const site = await deploy({}, ha);
    const { shown } = site.get("proxmox-stone-ha");
    assert.equal(shown["resourceId"], "vm:121");
    assert.equal(shown["maxRestart"], 2);
  });

  it("has an image once in a datastore that all hosts share, whichever of them fetched it", async () => {
    const own = {
      url: "https://cloud.debian.org/debian-13-generic-amd64.qcow2",
      sha512: "ab".repeat(64),
    };
    const site = await deploy({}, { "proxmox.datastores.images": "nas", "machines[3].image": own });
    const files = site.resources.filter(({ type }) => type === "proxmoxve:download/file:File");
    assert.deepEqual(files.map(({ name }) => name).sort(), [
      "image-nas-abababab-file",
      "image-nas-file",
    ]);
    const [special, usual] = ["image-nas-abababab-file", "image-nas-file"].map((name) =>
      site.get(name),
    );
    for (const file of [special, usual]) {
      assert.equal(file?.shown["datastoreId"], "nas");
      assert.deepEqual(file?.options.ignoreChanges, ["nodeName"]);
    }
    assert.notEqual(special?.shown["fileName"], usual?.shown["fileName"]);
    const imported = (machine: string) => {
      const [root] = site.get(`${machine}-vm`).shown["disks"] as { importFrom: string }[];
      return root?.importFrom;
    };
    for (const machine of ["proxmox-stone", "proxmox-tank", "proxmox-titan"])
      assert.equal(imported(machine), `nas:import/${String(usual?.shown["fileName"])}`, machine);
    assert.equal(imported("proxmox-vault"), `nas:import/${String(special?.shown["fileName"])}`);
  });

  it("maps devices with all that Proxmox insists on, and hands them to the machine", async () => {
    const generic = {
      url: "https://cloud.debian.org/debian-13-generic-amd64.qcow2",
      sha512: "ab".repeat(64),
    };
    const gpu = { path: "0000:01:00.0", id: "10de:2204", subsystemId: "1462:3884", iommuGroup: 12 };
    const site = await deploy(
      {},
      {
        "proxmox.pciMappings": [{ name: "gpu", devices: [{ host: "stone", ...gpu }] }],
        "proxmox.usbMappings": [{ name: "zigbee", devices: [{ host: "stone", id: "10c4:ea60" }] }],
        "machines[0].pci": ["gpu"],
        "machines[0].usb": ["zigbee"],
        "machines[0].image": generic,
      },
    );
    assert.deepEqual(site.get("home-pci-gpu").shown["maps"], [{ node: "stone", ...gpu }]);
    assert.deepEqual(site.get("home-usb-zigbee").shown["maps"], [
      { node: "stone", id: "10c4:ea60" },
    ]);
    assert.partialDeepStrictEqual(site.get("image-stone-abababab-file").shown, {
      url: generic.url,
      checksum: generic.sha512,
    });
    const { shown } = site.get("proxmox-stone-vm");
    assert.deepEqual(shown["hostpcis"], [{ device: "hostpci0", mapping: "gpu", pcie: true }]);
    assert.deepEqual(shown["usbs"], [{ mapping: "zigbee" }]);
  });

  it("has the texts of several routers among its outputs", async () => {
    const peers = [1, 2].map((n) => ({ address: `10.0.0.${n}`, asn: 64_512 + n }));
    const recording = await record("home");
    const outputs = await deploySite(
      "home",
      homeConfig({ "network.bgp": { localAsn: 64_512, peers } }),
      siteDeps,
    );
    await recording.settled();
    assert.deepEqual(Object.keys(outputs.routers ?? {}), ["10.0.0.1", "10.0.0.2"]);
  });

  it("marks what opens the site as secret and nothing else", async () => {
    const recording = await record("home");
    const outputs = await deploySite("home", homeConfig(), { ...siteDeps, fresh });
    const secrecy = async (output: unknown) => (output as { isSecret: Promise<boolean> }).isSecret;
    assert.equal(await secrecy(outputs.kubeconfig), true);
    assert.equal(await secrecy(outputs.sshPrivateKey), true);
    assert.equal(await secrecy(outputs.knownHosts), false);
    const text = await new Promise<string>((resolve) => outputs.knownHosts.apply(resolve));
    assert.equal(
      text.split("\n")[0],
      "proxmox-stone,192.168.1.21 ssh-ed25519 AAAA-proxmox-stone-host-key",
    );
    await recording.settled();
  });
});
