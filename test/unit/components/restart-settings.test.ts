import assert from "node:assert/strict";
import {
  restartReasons,
  settingsInForce,
  wantedSettings,
} from "../../../components/proxmox/restart-settings.ts";
import { vmArgs } from "../../../components/proxmox/vm-args.ts";
import {
  copiesProblems,
  describeRestarts,
  judgeRestarts,
  togetherProblems,
} from "../../../stacks/parts/machines/restarts.ts";
import { sitePlan } from "../../../stacks/parts/machines/plan.ts";
import { homeConfig, type Changes } from "../stacks/sample.ts";

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
  agent: "enabled=1,fstrim_cloned_disks=0,type=virtio",
  boot: "order=scsi0",
  cicustom: "user=local:snippets/home-proxmox-stone-user-data.yaml",
  cores: machine.cores,
  cpu: "host",
  ide2: "local-lvm:vm-121-cloudinit,media=cdrom,size=4M",
  ide3: "none,media=cdrom",
  ipconfig0: `gw=${site.gateway},ip=${machine.address}/24`,
  memory: String(machine.memoryGiB * 1024),
  net0: "virtio=02:A8:01:00:00:79,bridge=vmbr0,firewall=0",
  nameserver: site.dns.join(" "),
  searchdomain: site.domain,
  scsi0: "local-lvm:vm-121-disk-0,aio=io_uring,size=131072M",
  scsi1: "local-lvm:vm-121-disk-1,size=1000G",
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

  it("are also sizes of disks beside what waits for a start anyway", () => {
    const before = settingsInForce({ ...live, agent: "enabled=0" });
    assert.deepEqual(restartReasons(before, wantedSettings(argsOf())), []);
    assert.deepEqual(
      restartReasons(before, wantedSettings(argsOf({ diskGiB: machine.diskGiB + 1 }))),
      [
        "guest agent off to on",
        `size of scsi0 ${machine.diskGiB} GiB to ${machine.diskGiB + 1} GiB`,
      ],
    );
  });

  /** What Proxmox takes while the machine runs, or what is the same for all machines. */
  const free = [
    ...["name", "vmId", "nodeName", "description", "tags[0]", "tags[1]", "tags[2]", "onBoot"],
    ...["started", "agent.enabled", "agent.waitForIp.disabled", "rebootAfterUpdate"],
    ...["stopOnDestroy", "operatingSystem.type", "scsiHardware", "bootOrders[0]", "cdrom.fileId"],
    ...["serialDevices[0].device", "startup.order", "startup.upDelay", "startup.downDelay"],
    ...[0, 1].flatMap((i) =>
      ["model", "bridge", "vlanId"].map((key) => `networkDevices[${i}].${key}`),
    ),
    ...["size", "importFrom", "iothread", "discard", "ssd"].map((key) => `disks[0].${key}`),
    ...["size", "serial", "backup", "iothread", "discard", "ssd"].map((key) => `disks[1].${key}`),
    ...["disks[0].interface", "disks[1].interface", "initialization.interface"],
    ...["initialization.userDataFileId", "efiDisk.type", "efiDisk.preEnrolledKeys"],
    // It goes with the datastore of the root disk.
    ...["efiDisk.datastoreId", "hostpcis[0].device", "hostpcis[0].pcie", "usbs[0].mapping"],
  ];

  it("are all of a machine's arguments but those that are known to be free", () => {
    const full = argsOf(
      {
        ...{ uefi: true, pci: ["gpu"], usb: ["stick"] },
        network: { bridge: "vmbr1", vlan: 3, mtu: 9000 },
        cards: [{ bridge: "vmbr2", vlan: 4, mtu: 9000, address: "10.9.0.2/24" }],
      },
      site,
    );
    const before = wantedSettings(full);
    const unseen = leaves(full).filter(({ write }) => {
      const changed = structuredClone(full);
      write(changed);
      return restartReasons(before, wantedSettings(changed)).length === 0;
    });
    assert.deepEqual(unseen.map(({ path }) => path).sort(), free.toSorted());
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

describe("cards that move to another network", () => {
  it("are said beforehand, each with its way, for Proxmox moves all of them at once", () => {
    const said = (changes: Changes, net0 = live.net0) =>
      judgeRestarts(
        { name: "home", config: homeConfig(changes) },
        {
          machines: homeConfig(changes)
            .machines.slice(0, 1)
            .map((one) => ({ ...machine, ...one })),
          existing: [],
          configs: new Map([[machine.vmId, { ...live, net0 }]]),
        },
      ).notes;
    assert.deepEqual(said({}), []);
    assert.match(
      said({ "site.vlan": 20, "proxmox.bridge": "vmbr1" }).join(),
      /^cards move while .* all at once.*\n {2}proxmox-stone: net0 from vmbr0 to vmbr1, VLAN 20$/,
    );
    assert.match(said({}, `${live.net0},tag=20`).join(), /from vmbr0, VLAN 20 to vmbr0$/);
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

  it("is a refusal where two machines with disks of storage are built anew at once", () => {
    const [refused] = copiesProblems(["stone", "vault"]);
    assert.match(refused?.text ?? "", /^stone, vault would be built anew at once, .* in each up/);
    assert.deepEqual(copiesProblems(["stone"]), []);
  });
});

interface Leaf {
  readonly path: string;
  /** Gives it another value in another copy of the whole. */
  readonly write: (whole: object) => void;
}

/** All values in a structure that have no parts. */
function leaves(whole: object, path = "", steps: readonly string[] = []): readonly Leaf[] {
  return Object.entries(whole as Readonly<Record<string, unknown>>).flatMap(([key, value]) => {
    const at = Array.isArray(whole) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
    if (typeof value === "object" && value !== null) return leaves(value, at, [...steps, key]);
    const other = typeof value === "boolean" ? !value : typeof value === "number" ? value + 1 : "x";
    const write = (copy: object): void => {
      const parent = steps.reduce((part, step) => (part as Record<string, object>)[step]!, copy);
      (parent as Record<string, unknown>)[key] = other;
    };
    return [{ path: at, write }];
  });
}
