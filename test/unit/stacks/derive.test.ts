import assert from "node:assert/strict";
import fc from "fast-check";
import { addressAt, addressNumber, cidrRange } from "../../../components/network/cidr.ts";
import { Derivation } from "../../../stacks/config/derivation.ts";
import { deriveSite, siteSchema } from "../../../stacks/schema.ts";
import { parseSiteConfig } from "../../../stacks/site-file.ts";
import { homeConfig, homeValues } from "./sample.ts";

/** No more than a site needs; everything else has to be derived. */
const least = {
  site: { domain: "shed.home.arpa", lan: "192.168.7.0/24" },
  versions: homeValues({ "versions.tailscale": undefined })["versions"],
  proxmox: { hosts: [{ name: "anvil", address: "192.168.7.11" }] },
  machines: [{ host: "anvil", address: "192.168.7.21", vmId: 121, role: "server" }],
  cluster: { vip: "192.168.7.20" },
  network: { bgp: { localAsn: 64_512, routerAsn: 64_513, routerAddress: "192.168.7.1" } },
};

const raw = (values: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [`homelab:${key}`, JSON.stringify(value)]),
  );

describe("a site file that says no more than it must", () => {
  const { config, problems } = parseSiteConfig(raw(least), "shed");

  it("is a site, with everything filled in", () => {
    assert.deepEqual(problems, []);
    assert.ok(config !== undefined);
    assert.equal(config.site.gateway, "192.168.7.1");
    assert.equal(config.proxmox.endpoint, "https://192.168.7.11:8006");
    const { pods, services, loadBalancers, clusterDns } = config.network;
    assert.deepEqual(
      [pods, services, loadBalancers, clusterDns],
      ["10.42.0.0/16", "10.43.0.0/16", "10.96.0.0/16", "10.43.0.10"],
    );
    const [machine] = config.machines;
    assert.deepEqual(
      [machine?.name, machine?.cores, machine?.memoryGiB, machine?.diskGiB, machine?.extraDisks],
      ["proxmox-anvil", 4, 8, 64, []],
    );
  });

  it("has the gateway and the DNS server at addresses of their own in pools of any size", () => {
    const usual = (loadBalancers: string | { start: string; stop: string }) => {
      const { gateway, names } = homeConfig({ "network.loadBalancers": loadBalancers });
      return [gateway?.lan.address, names?.address];
    };
    assert.deepEqual(usual("10.96.0.0/16"), ["10.96.0.80", "10.96.0.53"]);
    assert.deepEqual(usual("10.96.0.0/26"), ["10.96.0.61", "10.96.0.53"]);
    assert.deepEqual(usual("10.96.0.0/27"), ["10.96.0.29", "10.96.0.30"]);
    assert.deepEqual(usual({ start: "10.96.0.10", stop: "10.96.0.20" }), [
      "10.96.0.19",
      "10.96.0.20",
    ]);
  });

  it("names its connector after the stack", () => {
    const home = siteSchema.parse(homeValues({ "tailnet.connector": undefined }));
    const derived = deriveSite(home, new Derivation("attic"));
    assert.equal(derived.tailnet?.connector.name, "attic-connector-0");
  });

  it("gives its connector two devices where pods run on several hosts", () => {
    const unsaid = { "machines[1].host": "stone", "tailnet.connector": undefined };
    const one = siteSchema.parse(homeValues(unsaid));
    const { machines } = one;
    const replicas = (site: typeof one) =>
      deriveSite(site, new Derivation("home")).tailnet?.connector.replicas;
    assert.equal(replicas(one), 2);
    assert.equal(replicas({ ...one, machines: machines.slice(0, 2) }), 1);
    const named = { "tailnet.connector": { name: "gate" } };
    assert.equal(replicas(siteSchema.parse(homeValues(named))), 1, "keeps its name");
    const kept = machines.map((machine) => ({
      ...machine,
      taints: machine.host === "stone" ? [] : ["example.net/gpu=present:NoSchedule"],
    }));
    assert.equal(replicas({ ...one, machines: kept }), 1);
    assert.equal(
      replicas(siteSchema.parse(homeValues({ "tailnet.connector": { replicas: 1 } }))),
      1,
    );
  });

  it("runs Typeo once, whose games stand in the memory of one pod", () => {
    const unsaid = siteSchema.parse(homeValues({ "apps.typeo.replicas": undefined }));
    assert.equal(unsaid.apps.typeo?.replicas, 1);
  });

  it("keeps what is written, beside what machines have in common", () => {
    const { machines } = homeConfig({
      "machineDefaults.cores": 6,
      "machines[1].cores": 8,
      "machines[1].name": "smith",
      "machines[1].extraDisks": [],
    });
    assert.deepEqual(
      machines.map(({ name, cores, extraDisks }) => `${name} ${cores} ${extraDisks.length}`),
      ["proxmox-stone 6 1", "smith 8 0", "proxmox-titan 6 1", "proxmox-vault 6 1"],
    );
  });

  it("puts node settings of all machines beside those of one", () => {
    const [stone, tank] = homeConfig({
      "machineDefaults.labels": { rack: "a", row: "1" },
      "machineDefaults.taints": ["example.net/a:NoSchedule"],
      "machineDefaults.kubeletArgs": { "max-pods": 200 },
      "machines[0].labels": { rack: "b" },
      "machines[0].taints": ["example.net/b=x:NoExecute", "example.net/a:NoSchedule"],
      "machines[0].kubeletArgs": { "max-pods": 50 },
    }).machines;
    assert.deepEqual(stone?.labels, { rack: "b", row: "1" });
    assert.deepEqual(stone?.taints, ["example.net/a=:NoSchedule", "example.net/b=x:NoExecute"]);
    assert.deepEqual(stone?.kubeletArgs, { "max-pods": "50" });
    assert.deepEqual(tank?.labels, { rack: "a", row: "1" });
    assert.deepEqual(tank?.taints, ["example.net/a=:NoSchedule"]);
    assert.deepEqual(tank?.kubeletArgs, { "max-pods": "200" });
  });

  it("is told of a derived value that is wrong, and of what it was made", () => {
    const hosts = [{ name: "anvil", address: "192.168.7.1" }];
    const found = parseSiteConfig(
      raw({ ...least, site: { ...least.site, lan: "10.43.0.0/16" } }),
      "shed",
    );
    const texts = found.problems.map(({ path, text }) => `${path}: ${text}`);
    assert.ok(
      texts.some((text) =>
        /^homelab:network\.services: .*overlaps.*\(not written; the usual one\)$/.test(text),
      ),
      texts.join("\n"),
    );
    assert.ok(!texts.some((text) => /^homelab:site\.lan: .*not written/.test(text)));
    assert.equal(parseSiteConfig(raw({ ...least, proxmox: { hosts } }), "shed").problems.length, 1);
  });
});

describe("an address at a place of a network", () => {
  it("is that many addresses behind the first", () => {
    const network = fc
      .tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.integer({ min: 8, max: 24 }))
      .map(([a, b, c, prefix]) => `${a}.${b}.${c}.0/${prefix}`);
    fc.assert(
      fc.property(network, fc.nat(255), (cidr, place) => {
        assert.equal(addressNumber(addressAt(cidr, place)), cidrRange(cidr).first + place);
      }),
    );
  });
});
