import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { FaultRegistry, type FaultEffect } from "../../../world/fault-registry.ts";
import { subjects, type Opened, type Subject } from "./services.ts";

interface Trial {
  readonly faults: FaultRegistry;
  readonly service: Opened;
  /** Lines of the log that tell of this outcome. */
  readonly logged: (outcome: string) => number;
}

/** What each fault means to whoever asks. A kind without an entry does not compile. */
const meaning: Readonly<
  Record<FaultEffect["kind"], { effect: object; holds: (trial: Trial) => Promise<void> }>
> = {
  delay: {
    effect: { kind: "delay", milliseconds: 40 },
    holds: async ({ service }) => {
      const before = performance.now();
      assert.equal((await service.ask()).status, 200);
      assert.ok(performance.now() - before >= 39);
    },
  },
  fail: {
    effect: { kind: "fail", status: 503, message: "away", retryAfterSeconds: 7 },
    holds: async ({ service, logged }) => {
      const { status, headers } = await service.ask();
      assert.deepEqual([status, headers["retry-after"]], [503, "7"]);
      assert.equal(logged("503"), 1);
    },
  },
  rate: {
    effect: { kind: "rate", perSecond: 0.01 },
    holds: async ({ service }) => {
      assert.equal((await service.ask()).status, 200);
      const { status, headers } = await service.ask();
      assert.deepEqual([status, headers["retry-after"]], [429, "100"]);
    },
  },
  cut: {
    effect: { kind: "cut" },
    holds: async ({ faults, service, logged }) => {
      await assert.rejects((service.change ?? service.ask)(), { code: "ECONNRESET" });
      assert.equal(logged("cut"), 1);
      faults.clear();
      assert.notEqual(await service.changed?.(), true);
    },
  },
  lose: {
    effect: { kind: "lose" },
    holds: async ({ faults, service, logged }) => {
      await assert.rejects((service.change ?? service.ask)(), { code: "ECONNRESET" });
      faults.clear();
      if (service.changed === undefined) assert.equal(logged("200 lost"), 1);
      else assert.ok(await service.changed());
    },
  },
  hang: {
    effect: { kind: "hang" },
    holds: async ({ faults, service, logged }) => {
      let ended = false;
      const asked = service.ask().finally(() => (ended = true));
      while (faults.list().at(-1)?.met === 0) await delay(2);
      faults.clear();
      assert.equal((await service.ask()).status, 200);
      assert.equal(logged("hang"), 1);
      assert.ok(!ended);
      await Promise.all([service.close(), assert.rejects(asked, { code: "ECONNRESET" })]);
    },
  },
};

async function trial(
  subject: Subject,
  effect: object,
  holds: (trial: Trial) => Promise<void>,
): Promise<void> {
  const { service: name, host } = subject;
  const faults = new FaultRegistry();
  const service = await subject.open(faults);
  let closed = false;
  const close = async (): Promise<void> => {
    if (!closed) await service.close();
    closed = true;
  };
  try {
    faults.add({ service: name, host: "another.example.net", effect: { kind: "cut" } });
    faults.add({ service: name, host, effect });
    const logged = (outcome: string): number =>
      readFileSync(service.logFile, "utf8").match(
        new RegExp(`^\\S+ ${host.replaceAll(".", "\\.")} \\S+ \\S+ ${outcome}\\b`, "gm"),
      )?.length ?? 0;
    await holds({ faults, service: { ...service, close }, logged });
  } finally {
    await close();
  }
}

for (const subject of subjects)
  describe(`Faults of ${subject.service}`, () => {
    for (const [kind, { effect, holds }] of Object.entries(meaning))
      it(`${kind}: honoured`, () => trial(subject, effect, holds));
  });
