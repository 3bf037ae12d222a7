import assert from "node:assert/strict";
import { judgeHosts, judgeStorages } from "../../../stacks/parts/proxmox/doctor/capacity.ts";
import { judgeClock, judgeOwnClock } from "../../../stacks/doctor/clocks.ts";
import { checkHostClocks } from "../../../stacks/parts/proxmox/doctor/clocks.ts";
import type { Fetch } from "../../../stacks/doctor/ask.ts";
import { proxmoxApi } from "../../../stacks/parts/proxmox/doctor/api.ts";
import { checkRights, judgeRights } from "../../../stacks/parts/proxmox/doctor/rights.ts";
import { judgeSnippets } from "../../../stacks/parts/proxmox/doctor/snippets.ts";
import { siteFile } from "../../../scripts/site-file.ts";
import { parseSiteConfig } from "../../../stacks/site-file.ts";

const { config: home } = parseSiteConfig(siteFile("Pulumi.home.yaml"), "home");
assert.ok(home);
const gib = 1024 ** 3;

const privileges =
  "VM.Allocate VM.Audit VM.Config.CDROM VM.Config.CPU VM.Config.Cloudinit VM.Config.Disk VM.Config.HWType " +
  "VM.Config.Memory VM.Config.Network VM.Config.Options VM.PowerMgmt Datastore.Allocate Datastore.AllocateSpace " +
  "Datastore.AllocateTemplate Datastore.Audit Pool.Allocate Pool.Audit SDN.Use Sys.Audit Sys.AccessNetwork Mapping.Use";
const all = Object.fromEntries(privileges.split(" ").map((name) => [name, 1]));

describe("the doctor at Proxmox: the token", () => {
  it("with the documented role is fine, on / or on the single paths", () => {
    assert.deepEqual(
      judgeRights(home, { "/": all }).map(({ severity }) => severity),
      ["ok"],
    );
    const narrow = { "/": { "VM.Audit": 1 }, "/pool/homelab": all, "/storage": all };
    const rights = { ...narrow, "/nodes": all, "/sdn/zones": all };
    assert.deepEqual(
      judgeRights(home, rights).map(({ severity }) => severity),
      ["ok"],
    );
  });

  it("without a privilege: it is named with its path", () => {
    const rest = Object.fromEntries(Object.entries(all).filter(([name]) => name !== "SDN.Use"));
    const [finding] = judgeRights(home, { "/": rest });
    assert.equal(finding?.severity, "error");
    assert.equal(finding.text, "lacks SDN.Use on /sdn/zones");
    assert.match(finding.remedy, /docs\/proxmox\.md/);
  });

  it("that was revoked is an error that does not repeat it", async () => {
    const refuse: Fetch = () =>
      Promise.resolve({ status: 401, text: "invalid token value!", clock: 0 });
    const api = proxmoxApi("https://192.0.2.1:8006", "a@pve!b=very-secret", refuse);
    const [finding] = await checkRights(home, api);
    assert.equal(finding?.severity, "error");
    assert.match(finding.text, /401 invalid token value!/);
    assert.doesNotMatch(JSON.stringify(finding), /very-secret/);
  });
});

describe("the doctor at Proxmox: capacity", () => {
  const host = { node: "stone", status: "online", maxcpu: 16, maxmem: 64 * gib };
  const stone = { ...home, proxmox: { ...home.proxmox, hosts: home.proxmox.hosts.slice(0, 1) } };
  const storages = [
    { storage: "local", content: "import,snippets", avail: 50 * gib, total: 100 * gib },
    { storage: "local-lvm", content: "images", avail: 200 * gib, total: 400 * gib },
  ];
  const severities = (found: readonly { severity: string; text: string }[], bad = "error") =>
    found.filter(({ severity }) => severity === bad).map(({ text }) => text);

  it("of a host that is what the config says is fine", () => {
    assert.deepEqual(severities(judgeHosts(stone, [host])), []);
  });

  it("names too little memory, a host that is off, and one that is none", () => {
    assert.match(
      severities(judgeHosts(stone, [{ ...host, maxmem: 4 * gib }])).join(),
      /has 4 GiB of memory, its machines need 48 GiB/,
    );
    assert.match(
      severities(judgeHosts(stone, [{ ...host, maxmem: 50 * gib }]), "warning").join(),
      /its machines need 48 GiB and its reserve is 7 GiB/,
    );
    assert.match(severities(judgeHosts(stone, [{ ...host, status: "offline" }])).join(), /offline/);
    assert.match(severities(judgeHosts(stone, [])).join(), /no node of this Proxmox cluster/);
  });

  it("of storages with the right content and room is fine", () => {
    assert.deepEqual(severities(judgeStorages(home.machines, "stone", storages, [])), []);
  });

  it("gives the command for a content type that is not allowed", () => {
    const [local, lvm] = storages;
    assert.ok(local && lvm);
    const found = judgeStorages(home.machines, "stone", [{ ...local, content: "import" }, lvm], []);
    const bad = found.find(({ severity }) => severity === "error");
    assert.equal(bad?.remedy, "pvesm set local --content import,snippets");
  });

  it("warns when the machines to be made do not fit, and errs on a full storage", () => {
    const [local, lvm] = storages;
    assert.ok(local && lvm);
    const small = [local, { ...lvm, avail: 100 * gib }];
    const found = judgeStorages(home.machines, "stone", small, home.machines.slice(0, 1));
    assert.match(severities(found, "warning").join(), /100 GiB free.*1128 GiB/);
    const full = [local, { ...lvm, avail: 10 * gib }];
    assert.match(
      severities(judgeStorages(home.machines, "stone", full, [])).join(),
      /has 10 GiB free of 400/,
    );
  });
});

describe("the doctor at Proxmox: cloud-init files", () => {
  it("names the machine that would not start again, and how it comes by its file", () => {
    const files = ["home-proxmox-stone-user-data.yaml", "other.yaml"].map((name) => ({
      volid: `local:snippets/${name}`,
    }));
    assert.deepEqual(
      judgeSnippets("home", "stone", ["proxmox-stone"], files).map(({ severity }) => severity),
      ["ok"],
    );
    const [finding] = judgeSnippets("home", "stone", ["proxmox-stone", "second"], files);
    assert.equal(finding?.severity, "error");
    assert.match(finding.text, /home-second-user-data\.yaml is gone: second runs on/);
    assert.match(finding.remedy, /npm run up -- --refresh/);
  });
});

describe("the doctor's clocks", () => {
  it("are named when they are more than 30 s apart, with the direction", () => {
    assert.equal(judgeClock("x", 30, "").severity, "ok");
    assert.match(judgeClock("x", 600, "").text, /600 s ahead of/);
    assert.match(judgeClock("x", -45, "").text, /45 s behind/);
  });

  it("this workstation's is compared with servers on the internet", () => {
    assert.equal(judgeOwnClock(new Map([["a", 2]])).severity, "ok");
    const wrong = judgeOwnClock(new Map([["github.com", -600]]));
    assert.match(wrong.text, /github\.com says -600 s/);
  });

  it("a host that does not tell its time hides no other", async () => {
    const now = Math.floor(Date.now() / 1000);
    const found = await checkHostClocks(home, <T>(path: string) =>
      path.includes("tank")
        ? Promise.reject(new Error("596 timeout"))
        : Promise.resolve({ time: now + (path.includes("titan") ? 600 : 0) } as T),
    );
    assert.deepEqual(
      found.map(({ severity }) => severity),
      ["ok", "warning", "error", "ok"],
    );
    assert.match(found[2]?.subject ?? "", /titan/);
  });
});
