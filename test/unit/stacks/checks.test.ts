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
import { poolNetworks } from "../../../components/network/pool.ts";
import { cronProblem } from "../../../stacks/parts/cluster/schedule.ts";
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
          ...poolNetworks(config.network.loadBalancers),
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
        fc.tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6)),
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
      "? * * * *",
      "0 0 * * sunday",
      "@every 6 hours",
      "@every 30s",
      "@fortnightly",
      "0 0 30 2 *",
      "0 0 31 4,6,9,11 *",
    ]) {
      assert.notEqual(cronProblem(bad), undefined, bad);
    }
    for (const good of [
      "0 3 * * SUN",
      "0 3 1 Jan,jul *",
      "0 3 * * mon-fri",
      "0 3 ? * 0",
      "@every 6h",
      "@every 1h30m",
      "@daily",
      "0 0 29 2 *",
      "0 0 31 1,2 *",
      "0 0 30 2 1",
    ]) {
      assert.equal(cronProblem(good), undefined, good);
    }
  });
});
