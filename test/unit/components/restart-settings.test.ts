import assert from "node:assert/strict";
import {
  restartReasons,
  settingsInForce,
  wantedSettings,
} from "../../../components/proxmox/restart-settings.ts";
import { vmArgs } from "../../../components/proxmox/vm-args.ts";
import { describeRestarts, togetherProblems } from "../../../stacks/parts/machines/restarts.ts";
import { sitePlan } from "../../../stacks/parts/machines/deploy.ts";
import { homeConfig } from "../stacks/sample.ts";

const config = homeConfig();
const site = sitePlan({ name: "home", config });
const machine = {
  ...config.machines[0]!,
  generation: "gen-0a0b0c0d",
  stands: true,
  offline: false,
};
const argsOf = (change: Partial<typeof machine> = {}, plan = site) =>
  vmArgs(plan, { ...machine, ...change }, 10, "local:import/x.qcow2");

/** As Proxmox answers for the machine above: GET nodes/N/qemu/ID/config. */
const live = {
  agent: "enabled=0,fstrim_cloned_disks=0,type=virtio",
  boot: "order=scsi0",
  cores: machine.cores,
  cpu: "host",
  ide2: "local-lvm:vm-121-cloudinit,media=cdrom,size=4M",
  ide3: "none,media=cdrom",
  ipconfig0: `gw=${site.gateway},ip=${machine.address}/24`,
  memory: String(machine.memoryGiB * 1024),
  net0: "virtio=02:A8:01:00:00:79,bridge=vmbr0,firewall=0",
  nameserver: site.dns.join(" "),
  searchdomain: site.domain,
  scsi0: "local-lvm:vm-121-disk-0,aio=io_uring,size=64G",
  scsi1: "local-lvm:vm-121-disk-1,size=100G",
};

describe("settings that count only from a machine's next start on", () => {
  it("are read alike from Proxmox and from the program's arguments", () => {
    assert.deepEqual(settingsInForce(live), wantedSettings(argsOf()));
  });

  it("are memory, cores, PCI, network and datastores, and not the agent", () => {
    const before = settingsInForce(live);
    const reasons = (change: Partial<typeof machine>, plan = site): readonly string[] =>
      restartReasons(before, wantedSettings(argsOf(change, plan)));
    const { memoryGiB, cores, address } = machine;
    assert.deepEqual(reasons({}), []);
    assert.deepEqual(reasons({ diskGiB: 100, tags: ["new"], labels: { a: "b" } }), []);
    assert.deepEqual(reasons({ memoryGiB: memoryGiB + 1, cores: cores + 1 }), [
      `memory ${memoryGiB * 1024} MiB to ${memoryGiB * 1024 + 1024} MiB`,
      `cores ${cores} to ${cores + 1}`,
    ]);
    assert.deepEqual(reasons({ mac: "bc:24:11:00:00:01" }), [
      "MAC address 02:A8:01:00:00:79 to BC:24:11:00:00:01",
    ]);
    assert.deepEqual(reasons({ pci: ["gpu"] }), [
      "machine type none to q35",
      "PCI mappings none to gpu",
    ]);
    assert.deepEqual(
      reasons({}, { ...site, dns: ["1.1.1.1"], gateway: "192.168.1.2", domain: "lan" }),
      [
        `gateway ${site.gateway} to 192.168.1.2`,
        `DNS servers ${site.dns.join(", ")} to 1.1.1.1`,
        `DNS domain ${site.domain} to lan`,
      ],
    );
    const moved = {
      datastores: { ...machine.datastores, disks: "fast" },
      extraDisks: machine.extraDisks.map((disk) => ({ ...disk, datastore: "fast" })),
    };
    assert.deepEqual(reasons(moved), [
      "datastore of the cloud-init drive local-lvm to fast",
      "datastore of scsi0 local-lvm to fast",
      "datastore of scsi1 local-lvm to fast",
    ]);
    assert.match(address, /^192/);
  });

  it("leave a disk alone that is made or detached", () => {
    const disk = { name: "logs", slot: 2, sizeGiB: 10, datastore: "local-lvm" };
    const more = { ...machine, extraDisks: [...machine.extraDisks, disk] };
    assert.deepEqual(restartReasons(settingsInForce(live), wantedSettings(argsOf(more))), []);
    assert.deepEqual(
      restartReasons(settingsInForce(live), wantedSettings(argsOf({ extraDisks: [] }))),
      [],
    );
  });
});

describe("what is said of restarts beforehand", () => {
  const due = (name: string, role: "server" | "agent" = "server") => ({
    name,
    role,
    reasons: ["memory 8192 MiB to 9216 MiB"],
  });

  it("is how many, how long, why, and whether the API answers", () => {
    const text = describeRestarts([due("stone"), due("tank"), due("titan")], 3);
    assert.match(text, /^3 machines restart, one after the other/);
    assert.match(text, /About 15 minutes in all\. The Kubernetes API answers meanwhile\./);
    assert.match(text, /\n {2}tank: memory 8192 MiB to 9216 MiB/);
  });

  it("is that the API is away where a server is one of fewer than three", () => {
    assert.match(describeRestarts([due("one")], 1), /The Kubernetes API is away while/);
    assert.match(describeRestarts([due("vault", "agent")], 1), /API answers meanwhile/);
    assert.equal(describeRestarts([], 3), "");
  });

  it("is a refusal where others are built anew in the same run", () => {
    const [refused] = togetherProblems([due("stone"), due("tank")], ["titan"]);
    assert.match(
      refused?.text ?? "",
      /titan would be built anew while others restart: stone \(memory .*\), tank .* an up of its own first/,
    );
    assert.deepEqual(togetherProblems([], ["titan"]), []);
    assert.deepEqual(togetherProblems([due("stone")], []), []);
  });
});
