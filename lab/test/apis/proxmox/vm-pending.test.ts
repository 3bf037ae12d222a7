import assert from "node:assert/strict";
import { TestCluster, vmFields } from "./cluster.ts";

const vm = "nodes/stone/qemu/121";

describe("settings of a virtual machine that runs", () => {
  const cluster = new TestCluster();
  const lastMemory = (): number | undefined => cluster.hypervisor.started.at(-1)?.memoryMiB;

  before(async () => {
    await cluster.open();
    await cluster.downloadImage();
    assert.equal(await cluster.task("POST", "nodes/stone/qemu", vmFields(121)), "OK");
    assert.equal(await cluster.task("POST", `${vm}/status/start`), "OK");
  });
  after(() => cluster.close());

  it("wait for its next start, but those that it can take at once", async () => {
    await cluster.ok("PUT", `${vm}/config`, {
      memory: "9216",
      cores: "4",
      agent: "enabled=1",
      nameserver: "192.168.1.2",
      tags: "b",
    });
    assert.partialDeepStrictEqual(await cluster.get(`${vm}/config`), {
      memory: "9216",
      agent: "enabled=1",
      nameserver: "192.168.1.2",
    });
    assert.partialDeepStrictEqual(await cluster.get(`${vm}/config`, { current: "1" }), {
      memory: "8192",
      nameserver: "192.168.1.2",
      tags: "b",
    });
    const pending = await cluster.get<{ key: string; pending?: string }[]>(`${vm}/pending`);
    assert.deepEqual(
      pending.filter((one) => one.pending !== undefined).map(({ key }) => key),
      ["agent", "memory"],
    );
    assert.match(
      await cluster.refusal("POST", `${vm}/agent/ping`),
      /^500 No QEMU guest agent configured/,
    );
  });

  it("do not wait any more once they are put back", async () => {
    await cluster.ok("PUT", `${vm}/config`, { memory: "8192" });
    assert.equal((await cluster.get(`${vm}/config`)).memory, "8192");
    await cluster.ok("PUT", `${vm}/config`, { memory: "10240" });
  });

  it("stay as they were when the guest does not shut down for a reboot", async () => {
    cluster.hypervisor.stubborn.add(121);
    const status = await cluster.task("POST", `${vm}/status/reboot`, { timeout: "1" });
    assert.match(status, /VM quit\/powerdown failed - got timeout/);
    assert.equal((await cluster.get(`${vm}/status/current`)).status, "running");
    cluster.hypervisor.stubborn.clear();
  });

  it("count after a reboot by the host, and the agent answers then", async () => {
    cluster.hypervisor.agents.add(121);
    assert.equal(await cluster.task("POST", `${vm}/status/reboot`), "OK");
    assert.equal(lastMemory(), 10240);
    assert.deepEqual(cluster.hypervisor.stops.at(-1), {
      vmid: 121,
      graceful: true,
      timeoutSeconds: 60,
      force: false,
    });
    const pending = await cluster.get<{ pending?: string }[]>(`${vm}/pending`);
    assert.ok(pending.every((one) => one.pending === undefined));
    await cluster.ok("POST", `${vm}/agent/ping`);
  });
});
