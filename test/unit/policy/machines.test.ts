import assert from "node:assert/strict";
import { machines } from "../../../policy/rules/machines.ts";
import { unknown, type SeenMap } from "../../../policy/seen.ts";
import { resource, said } from "./resource.ts";

const well: SeenMap = {
  vmId: 121,
  nodeName: "stone",
  onBoot: true,
  tags: ["gen-1a2b3c4d", "homelab", "homelab-home"],
  initialization: { userDataFileId: "local:snippets/a.yaml" },
  disks: [
    { interface: "scsi0", importFrom: unknown, size: 64 },
    { interface: "scsi1", size: 100 },
  ],
};

const judge = (more: SeenMap, deleteBeforeReplace: boolean | undefined = true): string =>
  said(
    machines,
    resource("proxmoxve:index/vmLegacy:VmLegacy", { ...well, ...more }, { deleteBeforeReplace }),
  );

describe("policy: machines are protected", () => {
  it("lets a machine of this program through", () => {
    assert.equal(judge({}), "");
  });

  it("refuses tags by which no later run knows the machine again", () => {
    assert.match(judge({ tags: ["gen-1a2b3c4d"] }), /^tags lack homelab/);
    assert.match(judge({ tags: ["homelab", "homelab-home"] }), /^tags hold 0 generations/);
    const two = ["gen-1a2b3c4d", "gen-00000000", "homelab", "homelab-home"];
    assert.match(judge({ tags: two }), /^tags hold 2 generations/);
    assert.match(judge({ tags: unknown }), /^tags are not known/);
  });

  it("refuses inputs that replace it and are first known in the run", () => {
    assert.match(judge({ nodeName: unknown }), /^nodeName is first known during the run/);
    assert.match(judge({ vmId: unknown }), /^vmId is first known/);
    assert.match(
      judge({ initialization: { userDataFileId: unknown } }),
      /^initialization\.userDataFileId is first known/,
    );
    assert.match(judge({ vmId: null }), /^vmId is missing/);
  });

  it("refuses a data disk that an image replaces", () => {
    const disks: SeenMap[] = [
      { interface: "scsi0" },
      { interface: "scsi1", importFrom: "local:import/a" },
    ];
    assert.match(judge({ disks }), /^disks\[1\]\.importFrom makes a data disk from an image/);
  });

  it("refuses a machine that stays off after a power cut", () => {
    assert.match(judge({ onBoot: false }), /^onBoot is false/);
  });

  it("refuses a replacement beside the machine", () => {
    assert.match(judge({}, false), /^deleteBeforeReplace is not set/);
  });
});
