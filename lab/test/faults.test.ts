import assert from "node:assert/strict";
import fc from "fast-check";
import { FaultRegistry } from "../world/fault-registry.ts";

const request = { method: "POST", path: "/api2/json/nodes/stone/qemu", host: "stone" };

describe("the lab's faults", () => {
  it("answer in place of the service that they are on, and of no other", async () => {
    const faults = new FaultRegistry();
    faults.add({ service: "proxmox", effect: { kind: "fail", status: 596, message: "no route" } });
    const answer = { status: 596, body: "no route" };
    assert.deepEqual(await faults.consult("proxmox", request), answer);
    assert.equal(await faults.consult("mirrors", request), undefined);
  });

  it("meet only requests of their method, path and host", async () => {
    const faults = new FaultRegistry();
    const only = { method: "post", path: "/qemu", host: "stone" };
    faults.add({ service: "proxmox", ...only, effect: { kind: "cut" } });
    assert.equal(await faults.consult("proxmox", request), "cut");
    assert.equal(await faults.consult("proxmox", { ...request, method: "GET" }), undefined);
    assert.equal(await faults.consult("proxmox", { ...request, host: "tank" }), undefined);
    assert.equal(await faults.consult("proxmox", { ...request, path: "/version" }), undefined);
    assert.equal(faults.list()[0]?.met, 1);
  });

  it("end after the number of requests that they were given", async () => {
    const faults = new FaultRegistry();
    faults.add({ service: "proxmox", times: 2, effect: { kind: "cut" } });
    const answers = [1, 2, 3].map(() => faults.consult("proxmox", request));
    assert.deepEqual(await Promise.all(answers), ["cut", "cut", undefined]);
    assert.deepEqual(faults.list(), []);
  });

  it("slow a request and still let it through", async () => {
    const faults = new FaultRegistry();
    faults.add({ service: "mirrors", effect: { kind: "delay", milliseconds: 30 } });
    const before = performance.now();
    assert.equal(await faults.consult("mirrors", request), undefined);
    assert.ok(performance.now() - before >= 29);
  });

  it("never let more through than the rate allows", async () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(gaps, fc.integer({ min: 1, max: 5 }), async (milliseconds, perSecond) => {
        let now = 0;
        const faults = new FaultRegistry(() => now);
        faults.add({ service: "proxmox", effect: { kind: "rate", perSecond } });
        let served = 0;
        for (const gap of milliseconds) {
          now += gap;
          if ((await faults.consult("proxmox", request)) === undefined) served += 1;
        }
        assert.ok(served <= perSecond + (now / 1000) * perSecond + 1e-6);
      }),
    );
  });

  it("are removed one by one, by service, or all", () => {
    const faults = new FaultRegistry();
    const cut = { kind: "cut" };
    const { id } = faults.add({ service: "proxmox", effect: cut });
    faults.add({ service: "proxmox.task", effect: cut });
    faults.add({ service: "mirrors", effect: cut });
    assert.ok(faults.remove(id));
    assert.ok(!faults.remove(id));
    faults.clear("mirrors");
    assert.deepEqual(
      faults.list().map(({ service }) => service),
      ["proxmox.task"],
    );
    faults.clear();
    assert.deepEqual(faults.list(), []);
  });

  it("refuse a rule that nothing would follow", () => {
    const faults = new FaultRegistry();
    assert.throws(() => faults.add({ service: "dns", effect: { kind: "cut" } }), /service/);
    assert.throws(() => faults.add({ service: "mirrors", effect: { kind: "burn" } }), /effect/);
    assert.throws(() => faults.add({ service: "mirrors", wen: 1, effect: { kind: "cut" } }), /wen/);
  });

  it("say when to come back, and leave that out where nobody said so", async () => {
    const faults = new FaultRegistry();
    const effect = { kind: "fail", status: 429, message: "slow down", retryAfterSeconds: 2 };
    faults.add({ service: "cloudflare", times: 1, effect });
    assert.deepEqual(await faults.consult("cloudflare", request), {
      status: 429,
      body: "slow down",
      retryAfterSeconds: 2,
    });
  });

  it("lose no task's end, and only delay a machine", () => {
    const faults = new FaultRegistry();
    for (const kind of ["lose", "hang"]) {
      faults.add({ service: "tailscale", effect: { kind } });
      assert.throws(
        () => faults.add({ service: "proxmox.task", effect: { kind } }),
        /a task always ends/,
      );
    }
    assert.throws(
      () => faults.add({ service: "machine", effect: { kind: "cut" } }),
      /only be delayed/,
    );
  });
});
