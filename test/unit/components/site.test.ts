import assert from "node:assert/strict";
import { RunError } from "@pulumi/pulumi";
import { deploySite } from "../../../stacks/site.ts";
import { goldenGraph } from "../../golden/graph.ts";
import type { World } from "../../mocked-world.ts";
import { record, type Recording } from "../../recorder.ts";
import { siteDeps } from "../site-deps.ts";
import { homeConfig, type Changes } from "../stacks/sample.ts";

async function deploy(world: World = {}, changes: Changes = {}): Promise<Recording> {
  const recording = await record("home", world);
  await deploySite("home", homeConfig(changes), { ...siteDeps, fresh: () => "gen-0000ffff" });
  return recording.settled();
}

describe("deploying a site", () => {
  it("refuses a foreign machine's id before any machine, key or file is registered", async () => {
    const recording = await record("home", {
      vms: [{ vmId: 122, name: "family-photos", nodeName: "tank", tags: [] }],
    });
    await assert.rejects(deploySite("home", homeConfig(), siteDeps), (error: Error) => {
      assert.ok(RunError.isInstance(error));
      assert.match(
        error.message,
        /homelab:machines\[1\] \(proxmox-tank\): VM id 122 is taken by family-photos \(122 on tank\)/,
      );
      return true;
    });
    assert.deepEqual(
      recording.resources.map(({ name }) => name),
      ["proxmox"],
    );
  });

  it("leaves alone what tells of a machine whose host is down: its generation is not known", async () => {
    const graph = await goldenGraph("home", { offline: ["vault"] });
    const left = (name: string): string =>
      JSON.stringify(
        graph.find((resource) => resource.name === name)?.options?.["ignoreChanges"] ?? [],
      );
    for (const step of ["proxmox-vault-admit", "proxmox-vault-apply", "home-ready"])
      assert.match(left(`${step}-command`), /stdin/, step);
    assert.match(left("proxmox-vault-labels"), /homelab\/generation/);
    for (const other of ["proxmox-tank-admit-command", "proxmox-tank-labels"])
      assert.equal(left(other), "[]", other);
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
    const site = await deploy({}, { "machines[0].ha": { maxRestart: 2 } });
    const { shown } = site.get("proxmox-stone-ha");
    assert.equal(shown["resourceId"], "vm:121");
    assert.equal(shown["maxRestart"], 2);
  });

  it("maps PCI devices and hands them to the machine by mapping", async () => {
    const site = await deploy(
      {},
      {
        "proxmox.pciMappings": [
          { name: "gpu", devices: [{ host: "stone", path: "0000:01:00.0", id: "10de:2204" }] },
        ],
        "machines[0].pci": ["gpu"],
      },
    );
    assert.equal(site.get("home-pci-gpu").shown["name"], "gpu");
    assert.deepEqual(site.get("proxmox-stone-vm").shown["hostpcis"], [
      { device: "hostpci0", mapping: "gpu", pcie: true },
    ]);
  });

  it("marks what opens the site as secret and nothing else", async () => {
    const recording = await record("home");
    const outputs = await deploySite("home", homeConfig(), {
      ...siteDeps,
      fresh: () => "gen-0000ffff",
    });
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
