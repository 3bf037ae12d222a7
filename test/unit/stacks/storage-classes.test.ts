import assert from "node:assert/strict";
import { triedClasses, trials, tryingClasses } from "../../../components/storage/proof.ts";
import { judgeClasses } from "../../../stacks/parts/storage/look.ts";
import { parseSiteConfig } from "../../../stacks/site-file.ts";
import { byFullKey, edited, fileValues, homeConfig, type Changes } from "./sample.ts";

const pieces = { kind: "bucket", erasureCoding: { data: 2, coding: 1 } };
const before = {
  "storage.classes": { "ceph-block": { kind: "block", default: true, replicas: 2 }, pieces },
};

describe("classes that are there", () => {
  const { storage } = homeConfig(before);
  const machine = "proxmox-stone";
  const parameters = trials({ classes: storage?.classes ?? [] });
  const classes = triedClasses([{ title: tryingClasses, machine, parameters }]);

  const problems = (changes: Changes): readonly string[] =>
    judgeClasses(homeConfig({ ...before, ...changes }), { classes }).problems.map(
      ({ path, text }) => `${path}: ${text}`,
    );

  it("are known from what the last run has tried", () => {
    assert.deepEqual(classes, [
      { name: "ceph-block", kind: "block", failureDomain: "host" },
      { name: "pieces", failureDomain: "host", ...pieces },
    ]);
    assert.deepEqual(triedClasses([]), []);
  });

  it("may change how many copies are kept, and what keeps them apart", () => {
    const changes = {
      "storage.classes.ceph-block.replicas": 3,
      "storage.classes.ceph-block.failureDomain": "osd",
      "storage.classes.another": pieces,
    };
    assert.deepEqual(problems(changes), []);
  });

  it("keep what keeps their pieces apart, into which data was cut, and what they are", () => {
    const changes = {
      "storage.classes.ceph-block.kind": "file",
      "storage.classes.pieces.failureDomain": "osd",
      "storage.classes.pieces.erasureCoding.coding": 2,
    };
    const said = problems(changes).join("\n");
    assert.match(said, /classes\.ceph-block\.kind: the class has kind: block, and keeps it/);
    assert.match(said, /classes\.pieces\.failureDomain: the class has failureDomain: host,/);
    assert.match(said, /classes\.pieces\.erasureCoding: .* \{ data: 2, coding: 1 \}, and keeps it/);
  });
});

describe("classes whose copies are kept apart by disk", () => {
  const notes = (second: object): readonly string[] => {
    const values = edited(fileValues("cabin"), { "machineDefaults.extraDisks[1]": second });
    const { config, problems } = parseSiteConfig(byFullKey(values), "cabin");
    assert.ok(config, problems.map(({ text }) => text).join());
    return judgeClasses(config, {}).notes;
  };
  const second = { name: "second", slot: 2, sizeGiB: 250 };

  it("are said to go with one drive where their disks lie on one datastore", () => {
    assert.deepEqual(notes({ ...second, datastore: "nvme" }), []);
    const [block = "", bucket = ""] = notes(second);
    assert.match(block, /^homelab:storage\.classes\.ceph-block: .*lie on local-lvm of hut; where/);
    assert.match(bucket, /ceph-bucket/);
  });
});
