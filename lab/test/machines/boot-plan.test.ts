import assert from "node:assert/strict";
import { planBoot, type BootPlan } from "../../machines/boot-plan.ts";
import type { MachineDefinition } from "../../machines/machine.ts";

const definition = (userData: string): MachineDefinition => ({
  vmid: 121,
  name: "proxmox-stone",
  host: "stone",
  memoryMiB: 8192,
  cores: 4,
  nic: { mac: "BC:24:11:00:00:01", bridge: "vmbr0", mtu: 1500 },
  furtherNics: [],
  cloudInit: {
    instanceId: "one",
    userData,
    address: "192.168.1.21/24",
    gateway: "192.168.1.1",
    nameservers: ["192.168.1.1"],
    searchDomain: "home.arpa",
  },
  diskBytes: 64 * 1024 ** 3,
  disks: [],
});

const plan = (userData: string): BootPlan =>
  planBoot(definition(userData), { caBundle: "CA", extraHosts: { "github.com": "203.0.113.10" } });

const textOf = (of: BootPlan, path: string): string =>
  Buffer.from(of.everyBoot.find((file) => file.path === path)?.content ?? "", "base64").toString();

describe("boot plan", () => {
  it("gives the document's keys to root without a prefix when root is not disabled", () => {
    const { firstBoot } = plan(
      "#cloud-config\ndisable_root: false\nusers: []\nssh_authorized_keys: [ssh-ed25519 A]\n",
    );
    assert.deepEqual(
      firstBoot?.users.map((user) => [user.name, user.authorizedKeys]),
      [["root", ["ssh-ed25519 A"]]],
    );
  });

  it("gives root's keys cloud-init's hint when root is disabled, and the default user the plain key", () => {
    const { firstBoot } = plan("#cloud-config\nssh_authorized_keys: [ssh-ed25519 A]\n");
    const [debian, root] = firstBoot?.users ?? [];
    assert.deepEqual(debian?.authorizedKeys, ["ssh-ed25519 A"]);
    assert.match(
      root?.authorizedKeys[0] ?? "",
      /Please login as the user \\"debian\\" rather than the user \\"root\\"/,
    );
  });

  it("takes the host key of the document and generates none beside it", () => {
    const { firstBoot } = plan(
      "#cloud-config\nssh_keys:\n  ed25519_private: P\n  ed25519_public: Q\n",
    );
    assert.deepEqual(firstBoot?.hostKey, { private: "P", public: "Q" });
  });

  it("plans no first boot, but a boot, for a document with problems", () => {
    const broken = plan("#cloud-config\nfoo: 1\n");
    assert.equal(broken.firstBoot, undefined);
    assert.equal(broken.problems.length, 1);
    assert.equal(broken.hostname, "proxmox-stone");
  });

  it("writes resolver and trusted certificates at every boot", () => {
    const of = plan("#cloud-config\n");
    assert.equal(textOf(of, "/etc/resolv.conf"), "search home.arpa\nnameserver 192.168.1.1\n");
    assert.equal(textOf(of, "/etc/ssl/certs/ca-certificates.crt"), "CA");
  });

  it("names the machine by the document, and by its Proxmox name without one", () => {
    assert.equal(plan("#cloud-config\nfqdn: a.b.c\n").hostname, "a");
    assert.equal(plan("#cloud-config\n").fqdn, "proxmox-stone.home.arpa");
  });
});
