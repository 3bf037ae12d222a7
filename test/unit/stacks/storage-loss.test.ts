import assert from "node:assert/strict";
import type { ClusterCommand } from "../../../stacks/doctor/examined.ts";
import { lookAround } from "../../../stacks/look-around.ts";
import { openSite } from "../../../stacks/open-site.ts";
import type { CephInForce, OsdInForce } from "../../../stacks/parts/storage/doctor.ts";
import { judgeLoss, lossProblems } from "../../../stacks/parts/storage/loss.ts";
import { depsIn } from "../site-deps.ts";
import { homeConfig } from "./sample.ts";

const osd = (node: string, readyReplicas: number): OsdInForce => ({
  metadata: { labels: { app: "rook-ceph-osd" } },
  spec: { template: { spec: { nodeSelector: { "kubernetes.io/hostname": node } } } },
  status: { readyReplicas },
});
const ceph = (...codes: readonly string[]): CephInForce => ({
  status: {
    ceph: {
      lastChecked: new Date().toISOString(),
      health: codes.length === 0 ? "HEALTH_OK" : "HEALTH_WARN",
      details: Object.fromEntries(
        codes.map((code) => [code, { severity: "HEALTH_WARN", message: `of ${code}` }]),
      ),
    },
  },
});
const all = ["proxmox-stone", "proxmox-tank", "proxmox-titan", "proxmox-vault"];
const without = (...down: readonly string[]): readonly OsdInForce[] =>
  all.map((node) => osd(node, down.includes(node) ? 0 : 1));
const vault = "proxmox-vault";
const text = (daemons: readonly OsdInForce[], ...codes: readonly string[]): string =>
  lossProblems(vault, [ceph(...codes)], daemons, Date.now())
    .map((problem) => problem.text)
    .join("\n");

describe("a machine with disks of Ceph that is built anew", () => {
  it("goes while all copies are there, whatever else Ceph warns of", () => {
    assert.equal(text(without()), "");
    assert.equal(text(without(), "MON_DOWN", "OBJECT_MISPLACED", "AUTH_INSECURE_KEYS_ALLOWED"), "");
  });

  it("stays while disks of others are down, or copies are missing", () => {
    assert.match(text(without("proxmox-tank")), /disks of proxmox-tank are down/);
    assert.match(text(without(), "PG_DEGRADED"), /PG_DEGRADED: of PG_DEGRADED.*wait until Ceph/);
  });

  it("goes when it is dead and what it held can be read without it", () => {
    assert.equal(text(without(vault), "OSD_DOWN", "PG_DEGRADED"), "");
    assert.match(text(without(vault), "PG_DEGRADED", "PG_AVAILABILITY"), /PG_AVAILABILITY: of/);
    assert.match(text(without(vault), "PG_DEGRADED", "OBJECT_UNFOUND"), /OBJECT_UNFOUND: of/);
  });

  it("goes when it is one of several on a host that is lost, and what they held can be read", () => {
    const lost = without(vault, "proxmox-titan");
    assert.equal(text(lost, "OSD_DOWN", "OSD_HOST_DOWN", "PG_DEGRADED"), "");
    assert.match(text(lost, "PG_DEGRADED", "PG_AVAILABILITY"), /PG_AVAILABILITY: of/);
  });

  it("stays while Rook does not look at Ceph, dead or not", () => {
    const { status } = ceph();
    const at = (lastChecked: string, daemons: readonly OsdInForce[]) =>
      lossProblems(
        vault,
        [{ status: { ...status, ceph: { ...status?.ceph, lastChecked } } }],
        daemons,
        Date.parse("2026-11-29T10:06:00Z"),
      ).map((problem) => problem.text);
    assert.deepEqual(at("2026-11-29T10:02:00Z", without(vault)), []);
    for (const daemons of [without(), without(vault)])
      assert.match(at("2026-11-29T10:00:00Z", daemons).join(), /last at 2026-11-29T10:00:00Z/);
    const never = lossProblems(vault, [{ status: {} }], without(vault), Date.now());
    assert.match(never.map((problem) => problem.text).join(), /last at no time/);
    const conditions = [
      { type: "Available", status: "False", lastTransitionTime: "2026-11-29T10:04:00Z" },
    ];
    const died = without(vault).map((one) =>
      one.status?.readyReplicas === 0 ? { ...one, status: { ...one.status, conditions } } : one,
    );
    assert.match(at("2026-11-29T10:03:30Z", died).join(), /last at 2026-11-29T10:03:30Z/);
    assert.deepEqual(at("2026-11-29T10:04:30Z", died), []);
  });

  it("stays while Ceph itself does not answer Rook", () => {
    assert.match(text(without(), "error"), /may hold the last copies of data \(error: of error\)/);
    assert.match(text(without(vault), "error"), /error: of error/);
  });

  it("is no matter of a Ceph that has none of its disks", () => {
    assert.deepEqual(
      lossProblems("proxmox-attic", [ceph("PG_DEGRADED")], without(), Date.now()),
      [],
    );
  });

  const answers =
    (daemons: readonly OsdInForce[]): ClusterCommand =>
    (_program, [, kind]) => {
      const items = kind === "deployments.apps" ? daemons : [ceph()];
      return Promise.resolve({ ok: true, stdout: JSON.stringify({ items }), stderr: "" });
    };
  const silent: ClusterCommand = () =>
    Promise.resolve({ ok: false, stdout: "", stderr: "no route to host" });

  it("is noted where nobody can tell", async () => {
    const { problems, notes } = await judgeLoss([vault], silent);
    assert.deepEqual(problems, []);
    assert.match(notes.join(), /^cannot tell whether .* of proxmox-vault hold: no route to host$/);
  });

  it("is looked at before anything is changed", async () => {
    const look = async (cluster: ClusterCommand): Promise<string> => {
      const config = homeConfig({ storage: undefined, allowReplace: [vault] });
      const machine = config.machines.find(({ name }) => name === vault)!;
      const { vmId, host } = machine;
      const tags = ["gen-12345678", "homelab", "homelab-home"];
      const deps = depsIn({ vms: [{ vmId, name: vault, nodeName: host, tags }] });
      const seen = { vmId, name: vault, host, tags, disks: [], address: "192.168.1.64" };
      const lastUp = { kubeconfig: "of the last up" };
      const known = { machines: [seen], pools: [], pciMappings: [], usbMappings: [], lastUp };
      const site = await openSite("home", config, deps.readSecrets);
      return lookAround(site, { ...deps, cluster, known: () => Promise.resolve(known) }).then(
        () => "went",
        (error: unknown) => String(error),
      );
    };
    const lost = answers(without("proxmox-tank"));
    assert.match(await look(lost), /homelab:allowReplace: proxmox-vault would be built/);
    assert.equal(await look(answers(without())), "went");
  });
});
