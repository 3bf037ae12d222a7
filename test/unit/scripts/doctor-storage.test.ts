import assert from "node:assert/strict";
import {
  judgeCeph,
  judgeDisks,
  storageChecks,
  type CephInForce,
  type OsdInForce,
} from "../../../stacks/parts/storage/doctor.ts";
import { homeConfig } from "../stacks/sample.ts";
import { said } from "./said.ts";

/** Four machines on four hosts, each with a disk of 1000 GiB. */
const config = homeConfig({ storage: undefined });
const names = config.machines.map(({ name }) => name);

type Status = NonNullable<CephInForce["status"]>;

const gib = 2 ** 30;
const used = (share: number, ofGiB = 4000): Status["ceph"] => ({
  health: "HEALTH_OK",
  capacity: { bytesTotal: ofGiB * gib, bytesUsed: ofGiB * share * gib },
});
const ceph = (status: Status): string => said(judgeCeph(config, [{ status }]));

describe("the doctor at Ceph", () => {
  it("is content with one that is healthy and has room", () => {
    assert.equal(
      ceph({ phase: "Ready", ceph: used(0.1) }),
      "ok: Ceph: HEALTH_OK\nok: room in Ceph: 10 % of 4000 GiB on disks are used",
    );
  });

  it("says how far one is that does not answer yet, and misses it", () => {
    const status = { phase: "Progressing", message: "Configuring Ceph Mons" };
    assert.equal(ceph(status), "error: Ceph: is not there: Progressing Configuring Ceph Mons");
    assert.equal(said(judgeCeph(config, [])), "error: Ceph: is not there: no CephCluster");
  });

  it("repeats each warning, and knows those that go away by themselves", () => {
    const details = { OSD_DOWN: { severity: "HEALTH_WARN", message: "1 osds down" } };
    const [finding] = judgeCeph(config, [{ status: { ceph: { health: "HEALTH_WARN", details } } }]);
    assert.match(said(finding ? [finding] : []), /^warning: Ceph: HEALTH_WARN: OSD_DOWN: 1 osds/);
    assert.match(finding?.remedy ?? "", /copied anew by itself/);
    const lost = { PG_DAMAGED: { severity: "HEALTH_ERR", message: "1 pg inconsistent" } };
    const [damaged] = judgeCeph(config, [
      { status: { ceph: { health: "HEALTH_ERR", details: lost } } },
    ]);
    assert.equal(damaged?.severity, "error");
    assert.match(damaged.remedy, /health detail$/);
  });

  it("hears the operator that cannot go on while Ceph is healthy", () => {
    const failed = { phase: "Progressing", state: "Error", message: "failed to start ceph osds" };
    assert.match(
      ceph({ ...failed, ceph: used(0.1) }),
      /^error: Ceph's operator: cannot do what is asked for: failed to start ceph osds$/m,
    );
    assert.doesNotMatch(
      ceph({ phase: "Progressing", state: "Creating", ceph: used(0.1) }),
      /operator/,
    );
  });

  it("warns when a lost host could not be made good for, and before nothing can be written", () => {
    assert.match(ceph({ ceph: used(0.63) }), /^ok: room/m);
    assert.match(ceph({ ceph: used(0.64) }), /^warning: room in Ceph: 64 % .* above 2550 GiB/m);
    assert.match(ceph({ ceph: used(0.85) }), /^error: room in Ceph: 85 % /m);
  });

  it("says when Ceph uses fewer disks than it is given, though all have a daemon that runs", () => {
    const capacity = { bytesTotal: 3000 * gib, bytesUsed: gib };
    const health = "HEALTH_OK";
    assert.match(
      ceph({ ceph: { health, capacity } }),
      /^warning: size of Ceph: uses 3000 of the 4000 GiB that the config gives it: a disk is out,/m,
    );
    const down = { OSD_DOWN: { severity: "HEALTH_WARN", message: "1 osds down" } };
    assert.doesNotMatch(ceph({ ceph: { health, capacity, details: down } }), /size of Ceph/);
    const rounded = { ...capacity, bytesTotal: 4000 * gib - 4 * 2 ** 20 };
    assert.doesNotMatch(ceph({ ceph: { health, capacity: rounded } }), /size of Ceph/);
  });

  it("asks of the only disk no room for its loss", () => {
    const alone = { ...config, machines: config.machines.slice(0, 1) };
    const found = judgeCeph(alone, [{ status: { ceph: used(0.64, 1000) } }]);
    assert.match(said(found), /^ok: room/m);
  });

  it("is not asked before there was an up, nor where the part is off", () => {
    const run = () => assert.fail("asked");
    assert.deepEqual(storageChecks({ config, isUp: false }, run), []);
    const off = { ...config, storage: undefined };
    assert.deepEqual(storageChecks({ config: off, isUp: true }, run), []);
  });
});

describe("the doctor at Ceph's disks", () => {
  const daemon = (node: string, readyReplicas = 1): OsdInForce => ({
    metadata: { labels: { app: "rook-ceph-osd" } },
    spec: { template: { spec: { nodeSelector: { "kubernetes.io/hostname": node } } } },
    status: { readyReplicas },
  });
  const all = names.map((name) => daemon(name));

  it("counts those that run, and says what may be used", () => {
    assert.equal(
      said(judgeDisks(config, all)),
      "ok: disks of Ceph: all 4 have a daemon that runs; 2550 GiB may be used with room to lose a host",
    );
    const alone = { ...config, machines: config.machines.slice(0, 1) };
    assert.match(
      said(judgeDisks(alone, all.slice(0, 1))),
      /all 1 have .*; 850 GiB may be used with room to lose nothing$/,
    );
  });

  it("names the machine whose daemon is not there or does not run", () => {
    const [first = "", ...rest] = names;
    const expected = `error: disks of ${first}: 0 of 1 disks for storage have a daemon that runs`;
    assert.equal(said(judgeDisks(config, all.slice(1))), expected);
    const down = [daemon(first, 0), ...rest.map((name) => daemon(name))];
    assert.equal(said(judgeDisks(config, down)), expected);
  });

  it("names a machine that left once, however many disks it had", () => {
    const found = judgeDisks(config, [...all, daemon("left"), daemon("left")]);
    assert.equal(
      said(found),
      "warning: disks of left: are in Ceph, and the config gives them to nobody",
    );
  });

  it("takes no disks that the config keeps for other things", () => {
    const storage = config.storage && { ...config.storage, disks: ["none-of-these"] };
    assert.match(said(judgeDisks({ ...config, storage }, all)), /^warning: disks of /);
  });
});
