import assert from "node:assert/strict";
import { freshFiles, dpkgStatus } from "../../machines/disk.ts";
import { connectSteps } from "../../machines/network.ts";
import { cpuinfo, meminfo, procFiles } from "../../machines/proc-files.ts";
import { sandboxArguments } from "../../machines/sandbox.ts";

const args = sandboxArguments({
  hostname: "stone",
  disk: "/state/121/root",
  usr: "/run/m/usr",
  units: "/lab/units",
  guestBinary: "/tools/guest",
  kubernetesBinaries: { etcd: "/tools/kubernetes" },
  podPrograms: { coredns: "/tools/coredns" },
  volumes: "/state/machines/volumes",
  bootPlan: "/state/121/boot.json",
  condition: "/state/121/condition",
  procFiles: { meminfo: "/state/121/proc/meminfo" },
  hostEtc: ["/etc/alternatives"],
  infoFd: 3,
});

const indexOf = (...words: string[]): number => {
  const at = args.findIndex((_, index) =>
    words.every((word, offset) => args[index + offset] === word),
  );
  assert.notEqual(at, -1, `${words.join(" ")} is missing`);
  return at;
};

describe("a machine's sandbox", () => {
  it("shows the disk as the root, under the read-only system and its own /usr/local", () => {
    assert.ok(
      indexOf("--bind", "/state/121/root", "/") < indexOf("--ro-bind", "/run/m/usr", "/usr"),
    );
    assert.ok(
      indexOf("--ro-bind", "/run/m/usr", "/usr") <
        indexOf("--bind", "/state/121/root/usr/local", "/usr/local"),
    );
  });

  it("puts the machine's own files over the kernel's only after /proc is mounted", () => {
    assert.ok(
      indexOf("--proc", "/proc") < indexOf("--ro-bind", "/state/121/proc/meminfo", "/proc/meminfo"),
    );
  });

  it("binds nothing writable of the host but the disk, its layout, network settings and the claims' volumes", () => {
    const writable = args.flatMap((word, index) => (word === "--bind" ? [args[index + 1]] : []));
    assert.deepEqual(writable, [
      "/state/121/root",
      "/state/121/root/usr/local",
      "/proc/sys/net",
      "/state/machines/volumes",
      "/state/121/condition/layout",
    ]);
  });

  it("runs the guest program as process 1 that dies with the lab", () => {
    assert.deepEqual(args.slice(-3), ["--", "/usr/lib/lab/guest", "init"]);
    assert.ok(
      args.includes("--as-pid-1") &&
        args.includes("--die-with-parent") &&
        args.includes("--clearenv"),
    );
  });
});

describe("a machine's surroundings", () => {
  it("has the memory and the cores of its definition", () => {
    const total = Number(/^MemTotal:\s+(\d+) kB$/m.exec(meminfo(8192))?.[1]);
    assert.ok(total > 7900 * 1024 && total < 8192 * 1024);
    assert.equal(cpuinfo(4).match(/^processor/gm)?.length, 4);
  });

  it("has another boot id at each boot", () => {
    const size = { memoryMiB: 1024, cores: 1 };
    assert.notEqual(
      procFiles(size)["sys/kernel/random/boot_id"],
      procFiles(size)["sys/kernel/random/boot_id"],
    );
  });

  it("lets root and sshd exist without a locked password, which would bar keys too", () => {
    const shadow = freshFiles("0".repeat(32))["etc/shadow"]?.content ?? "";
    assert.match(shadow, /^root:\*:/m);
    assert.doesNotMatch(shadow, /:!/);
  });

  it("lists the image's packages as installed and no others", () => {
    const status = dpkgStatus("curl 8.1 image\njq 1.7\n", "amd64");
    assert.match(status, /^Package: curl\nStatus: install ok installed\n/);
    assert.doesNotMatch(status, /jq/);
  });

  const card = (last: string) => ({ mac: `BC:24:11:00:00:${last}`, mtu: 1500 });

  it("gets its cards, addresses and route in its own namespace", () => {
    const steps = connectSteps({
      vmid: 121,
      cards: [
        { name: "eth0", ...card("01"), bridge: "vmbr0", address: "192.168.1.21/24" },
        { name: "eth1", ...card("02"), mtu: 9000, bridge: "segr0br1.30", address: "10.1.0.2/24" },
        { name: "ens20", ...card("03"), bridge: "segr0br1.0" },
      ],
      gateway: "192.168.1.1",
    }).map((step) => step.join(" "));
    const made = steps.filter((step) => step.startsWith("link add"));
    assert.deepEqual(made, [
      "link add vm121 mtu 1500 type veth peer name eth0 address BC:24:11:00:00:01 mtu 1500 netns vm-121",
      "link add vm121n1 mtu 9000 type veth peer name eth1 address BC:24:11:00:00:02 mtu 9000 netns vm-121",
      "link add vm121n2 mtu 1500 type veth peer name ens20 address BC:24:11:00:00:03 mtu 1500 netns vm-121",
    ]);
    assert.ok(steps.includes("-n vm-121 link set eth1 up"));
    assert.ok(!steps.includes("-n vm-121 link set ens20 up"), "a card without an address is up");
    assert.ok(steps.includes("-n vm-121 addr add 192.168.1.21/24 dev eth0"));
    assert.equal(steps.at(-1), "-n vm-121 route add default via 192.168.1.1 dev eth0");
  });
});
