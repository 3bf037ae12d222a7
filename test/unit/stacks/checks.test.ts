import assert from "node:assert/strict";
import fc from "fast-check";
import { asnProblem } from "../../../stacks/parts/network/checks.ts";
import {
  addressNumber,
  canonicalCidr,
  cidrRange,
  contains,
  overlap,
} from "../../../components/network/cidr.ts";
import { cronProblem } from "../../../stacks/parts/cluster/checks.ts";
import { crossCheck } from "../../../stacks/checks.ts";
import { homeConfig, type Changes } from "./sample.ts";

function problemsAfter(changes: Changes): readonly string[] {
  return crossCheck(homeConfig(changes), "home").map(
    (problem) => `${problem.path}: ${problem.text}`,
  );
}

const address = fc
  .tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255))
  .map((bytes) => bytes.join("."));
const cidr = fc
  .tuple(address, fc.integer({ min: 8, max: 30 }))
  .map(([ip, prefix]) => canonicalCidr(`${ip}/${prefix}`));

describe("cross-checks", () => {
  const refusals: readonly [string, RegExp, Changes][] = [
    [
      "networks that overlap",
      /^homelab:network\.services: 10\.42\.8\.0\/22 overlaps .*network\.pods/,
      { "network.services": "10.42.8.0/22" },
    ],
    [
      "a network inside the tailnet",
      /^homelab:network\.loadBalancers: .*100\.64\.0\.0\/10/,
      { "network.loadBalancers": "100.100.0.0/16" },
    ],
    ["host bits in a network", /use 10\.42\.0\.0\/16$/, { "network.pods": "10.42.3.0/16" }],
    [
      "a pod network without a /24 for each node",
      /^homelab:network\.pods: .*holds 2 node networks/,
      { "network.pods": "10.42.0.0/23" },
    ],
    [
      "an address outside the LAN",
      /^homelab:machines\[0\]\.address: 192\.168\.7\.21 is not in/,
      { "machines[0].address": "192.168.7.21" },
    ],
    [
      "the broadcast address",
      /^homelab:cluster\.vip: .*broadcast/,
      { "cluster.vip": "192.168.1.255" },
    ],
    [
      "an address control plane that a machine uses",
      /^homelab:cluster\.vip: .*machines\[1\]/,
      { "cluster.vip": "192.168.1.22" },
    ],
    [
      "a machine at its host's address",
      /^homelab:machines\[0\]\.address: .*hosts\[0\]/,
      { "machines[0].address": "192.168.1.11" },
    ],
    [
      "a DNS address outside the services",
      /^homelab:network\.clusterDns: .*network\.services/,
      { "network.clusterDns": "10.99.0.10" },
    ],
    [
      "the API's own service address as DNS",
      /own service address/,
      { "network.clusterDns": "10.43.0.1" },
    ],
    [
      "a name used twice",
      /^homelab:machines\[1\]\.name: proxmox-stone is already/,
      { "machines[1].name": "proxmox-stone" },
    ],
    [
      "a VM id used twice",
      /^homelab:machines\[3\]\.vmId: 121 is already/,
      { "machines[3].vmId": 121 },
    ],
    [
      "a MAC used twice, whatever its case",
      /^homelab:machines\[1\]\.mac: /,
      { "machines[0].mac": "bc:24:11:00:00:0a", "machines[1].mac": "BC:24:11:00:00:0A" },
    ],
    ["a multicast MAC", /multicast/, { "machines[0].mac": "01:24:11:00:00:0a" }],
    [
      "a host that is not listed",
      /^homelab:machines\[0\]\.host: .*known are stone, tank/,
      { "machines[0].host": "attic" },
    ],
    [
      "an allowReplace of no machine",
      /^homelab:allowReplace\[0\]: /,
      { allowReplace: ["proxmox-attic"] },
    ],
    [
      "a PCI mapping that is not listed",
      /^homelab:machines\[0\]\.pci\[0\]: gpu is not in/,
      { "machines[0].pci": ["gpu"] },
    ],
    ["two servers", /^homelab:machines: 2 servers/, { "machines[2].role": "agent" }],
    [
      "no server",
      /^homelab:machines: no machine has role/,
      Object.fromEntries([0, 1, 2].map((i) => [`machines[${i}].role`, "agent"])),
    ],
    [
      "more memory than a host has",
      /^homelab:proxmox\.hosts\[0\]\.memoryMiB: .*ask for 65536/,
      { "machines[0].memoryMiB": 65_536 },
    ],
    ["more cores than a host has", /^homelab:machines\[0\]\.cores: /, { "machines[0].cores": 17 }],
    [
      "one AS on both sides",
      /^homelab:network\.bgp\.routerAsn: 64512 is also/,
      { "network.bgp.routerAsn": 64_512 },
    ],
    [
      "a reserved AS",
      /^homelab:network\.bgp\.localAsn: 65535 is reserved/,
      { "network.bgp.localAsn": 65_535 },
    ],
    [
      "a router inside the pods' network",
      /^homelab:network\.bgp\.routerAddress: /,
      { "network.bgp.routerAddress": "10.42.0.1" },
    ],
    [
      "a schedule of four fields",
      /^homelab:cluster\.snapshots\.schedule: .*4 fields/,
      { "cluster.snapshots": { schedule: "0 * * *" } },
    ],
    [
      "a kubelet flag of the program's own",
      /^homelab:cluster\.kubeletArgs\.node-ip: /,
      { "cluster.kubeletArgs": { "node-ip": "1.2.3.4" } },
    ],
    [
      "no machine for pods",
      /no machine runs ordinary pods/,
      { machines: [{ ...homeConfig().machines[0], workloads: false }] },
    ],
  ];
  for (const [what, text, change] of refusals) {
    it(`refuses ${what}`, () => {
      const problems = problemsAfter(change);
      assert.ok(
        problems.some((problem) => text.test(problem)),
        `got: ${problems.join(" | ") || "nothing"}`,
      );
    });
  }

  it("accepts an even number of servers only while one leaves", () => {
    const two = { "machines[2].role": "agent" };
    assert.deepEqual(problemsAfter({ ...two, allowRemove: ["proxmox-attic"] }), []);
    const none = { ...two, "machines[0].role": "agent", "machines[1].role": "agent" };
    assert.match(
      problemsAfter({ ...none, allowRemove: ["proxmox-attic"] })[0] ?? "",
      /no machine has role/,
    );
  });

  it("a network contains exactly the addresses between its first and last", () => {
    fc.assert(
      fc.property(cidr, address, (network, ip) => {
        const { first, last } = cidrRange(network);
        const number = addressNumber(ip);
        assert.equal(contains(network, ip), number >= first && number <= last);
      }),
    );
  });

  it("overlap is symmetric, and means that one network holds the other's first address", () => {
    fc.assert(
      fc.property(cidr, cidr, (a, b) => {
        const [ipA = "", ipB = ""] = [a.split("/")[0], b.split("/")[0]];
        assert.equal(overlap(a, b), overlap(b, a));
        assert.equal(overlap(a, b), contains(a, ipB) || contains(b, ipA));
      }),
    );
  });

  it("finds every overlap of the pods' network with another", () => {
    fc.assert(
      fc.property(cidr, (pods) => {
        const config = homeConfig({ "network.pods": pods });
        const others = [
          config.site.lan,
          config.network.services,
          config.network.loadBalancers,
          "100.64.0.0/10",
        ];
        const found = crossCheck(config, "home").some((problem) => / overlaps /.test(problem.text));
        assert.equal(
          found,
          others.some((other) => overlap(pods, other)),
        );
      }),
    );
  });

  it("takes private AS numbers of both sizes and no others that are reserved", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.integer({ min: 64_512, max: 65_534 }),
          fc.integer({ min: 4_200_000_000, max: 4_294_967_294 }),
        ),
        (asn) => {
          assert.equal(asnProblem(asn), undefined);
        },
      ),
    );
    for (const asn of [0, 23_456, 64_496, 65_535, 131_071, 4_294_967_295, -1, 4_294_967_296]) {
      assert.notEqual(asnProblem(asn), undefined, String(asn));
    }
  });

  it("takes every schedule made of valid parts", () => {
    const field = (low: number, high: number) =>
      fc.oneof(
        fc.constant("*"),
        fc.integer({ min: low, max: high }).map(String),
        fc.integer({ min: 1, max: high }).map((step) => `*/${step}`),
        fc
          .tuple(fc.integer({ min: low, max: high }), fc.integer({ min: low, max: high }))
          .map((pair) => pair.sort((a, b) => a - b).join("-")),
      );
    fc.assert(
      fc.property(
        fc.tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6)),
        (fields) => {
          assert.equal(cronProblem(fields.join(" ")), undefined);
        },
      ),
    );
    for (const bad of [
      "60 * * * *",
      "* 24 * * *",
      "* * 0 * *",
      "*/0 * * * *",
      "5-1 * * * *",
      "a * * * *",
    ]) {
      assert.notEqual(cronProblem(bad), undefined, bad);
    }
  });
});
