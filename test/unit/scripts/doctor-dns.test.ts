import assert from "node:assert/strict";
import { dnsPorts } from "../../../components/dns/redirect.ts";
import type { ClusterCommand } from "../../../stacks/doctor/examined.ts";
import { dnsChecks, judgeCaches, judgeRedirect } from "../../../stacks/parts/dns/doctor.ts";
import { homeConfig } from "../stacks/sample.ts";
import { said } from "./said.ts";

describe("the doctor at the nodes' DNS caches", () => {
  const ready = (numberReady: number): string =>
    said([judgeCaches({ status: { desiredNumberScheduled: 4, numberReady } })]);

  it("counts nodes with one that is ready", () => {
    assert.equal(ready(4), "ok: DNS caches: 4 of 4 nodes have one that is ready");
    assert.equal(ready(3), "warning: DNS caches: 3 of 4 nodes have one that is ready");
    assert.equal(ready(0), "error: DNS caches: 0 of 4 nodes have one that is ready");
  });

  it("misses what is not there, or is on no node", () => {
    assert.match(said([judgeCaches(undefined)]), /^error: .* node-local-dns is not in the cluster/);
    assert.match(said([judgeCaches({})]), /^error: .*: 0 of 0 nodes/);
  });

  it("is asked for by name, and only where the site has it", async () => {
    const run: ClusterCommand = (_, args) => {
      assert.ok(args.includes("--ignore-not-found"));
      const found = args.includes("services") ? { spec: { ports: dnsPorts } } : {};
      const stdout = args.includes("daemonsets.apps") ? "" : JSON.stringify(found);
      return Promise.resolve({ ok: true, stdout, stderr: "" });
    };
    const checks = dnsChecks({ config: homeConfig(), isUp: true }, run);
    const found = await Promise.all(checks.map((check) => check.run()));
    assert.match(
      said(found.flat()),
      /^error: DNS caches: .*\nok: redirect to DNS caches: is there/,
    );
    const without = homeConfig({ dns: { enabled: false } });
    assert.deepEqual(dnsChecks({ config: without, isUp: true }, run), []);
    assert.deepEqual(dnsChecks({ config: homeConfig(), isUp: false }, run), []);
  });
});

describe("the doctor at the redirect to them", () => {
  const service = (names: readonly string[]) => ({
    spec: { ports: dnsPorts.map((port, index) => ({ ...port, name: names[index] ?? "" })) },
  });

  it("is content where it is there and the Service's ports have its names", () => {
    assert.match(said([judgeRedirect({}, service(["udp-53", "tcp-53"]))]), /^ok/);
  });

  it("misses the policy, without which nobody asks the caches", () => {
    const text = said([judgeRedirect(undefined, service(["udp-53", "tcp-53"]))]);
    assert.match(text, /^error: .* is not in the cluster, so nobody asks the caches$/);
  });

  it("names ports that the Service calls otherwise, of which Cilium says nothing", () => {
    assert.match(
      said([judgeRedirect({}, service(["dns", "tcp-53"]))]),
      /has no port udp-53, so Cilium redirects nothing of it$/,
    );
    assert.match(said([judgeRedirect({}, undefined)]), /no port udp-53 and tcp-53/);
  });
});
