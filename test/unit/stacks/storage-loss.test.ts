import assert from "node:assert/strict";
import type { ClusterCommand } from "../../../stacks/doctor/examined.ts";
import { lookAround } from "../../../stacks/look-around.ts";
import { openSite } from "../../../stacks/open-site.ts";
import type { CephInForce, OsdInForce } from "../../../stacks/parts/storage/doctor.ts";
import { judgeLoss, lossProblems } from "../../../stacks/parts/storage/loss.ts";
import type { RebuiltMachine } from "../../../stacks/parts/storage/loss-look.ts";
import { monitorProblems } from "../../../stacks/parts/storage/monitor-loss.ts";
import { classesWithin } from "../../../stacks/parts/storage/machines.ts";
import { depsIn } from "../site-deps.ts";
import { homeConfig } from "./sample.ts";

interface LookArgs {
  readonly daemons: readonly OsdInForce[];
  readonly asked?: number;
  readonly codes?: readonly string[];
}

const osd = (node: string, readyReplicas: number): OsdInForce => ({
  metadata: { labels: { app: "rook-ceph-osd" } },
  spec: { template: { spec: { nodeSelector: { "kubernetes.io/hostname": node } } } },
  status: { readyReplicas },
});
/** OSD_DOWN as Ceph says it; of one disk where it is called so. */
const messages: Readonly<Record<string, string>> = {
  OSD_DOWN: "2 osds down",
  "1 OSD_DOWN": "1 osds down",
  MON_DOWN: "2/3 mons down, quorum a",
  "1 MON_DOWN": "1/3 mons down, quorum a,c",
};
const ceph = (...codes: readonly string[]): CephInForce => ({
  status: {
    ceph: {
      lastChecked: new Date().toISOString(),
      health: codes.length === 0 ? "HEALTH_OK" : "HEALTH_WARN",
      details: Object.fromEntries(
        codes.map((code) => [
          code.replace(/^1 /, ""),
          { severity: "HEALTH_WARN", message: messages[code] ?? `of ${code}` },
        ]),
      ),
    },
  },
});
const all = ["proxmox-stone", "proxmox-tank", "proxmox-titan", "proxmox-vault"];
const without = (...down: readonly string[]): readonly OsdInForce[] =>
  all.map((node) => osd(node, down.includes(node) ? 0 : 1));
const vault = "proxmox-vault";
const running = { name: vault, runs: true, alone: [] };
const stopped = { name: vault, runs: false, alone: [] };
const at = (time: string): number => Date.parse(`2026-11-29T${time}Z`);
const minutes = (count: number): number => count * 60_000;

/** What is said when Rook has looked just now, three minutes after Proxmox was asked. */
const text = (
  machine: RebuiltMachine,
  daemons: readonly OsdInForce[],
  ...codes: readonly string[]
): string => {
  const now = Date.now();
  return lossProblems(
    machine,
    { clusters: [ceph(...codes)], daemons },
    { now, asked: now - minutes(3) },
  )
    .map((problem) => problem.text)
    .join("\n");
};

describe("a machine with disks of Ceph that is built anew", () => {
  it("goes while all copies are there, whatever else Ceph warns of", () => {
    assert.equal(text(running, without()), "");
    assert.equal(
      text(running, without(), "MON_DOWN", "OBJECT_MISPLACED", "AUTH_INSECURE_KEYS_ALLOWED"),
      "",
    );
  });

  it("stays while disks of others are down, or copies are missing", () => {
    assert.match(text(running, without("proxmox-tank")), /disks of proxmox-tank are down/);
    assert.match(
      text(running, without(), "PG_DEGRADED"),
      /PG_DEGRADED: of PG_DEGRADED.*wait until Ceph/,
    );
  });

  it("stays while all copies of some data may be on its own disks, however well Ceph is", () => {
    const alone = ["ceph-scratch"];
    const said = text({ ...running, alone }, without());
    assert.match(said, /all copies of data of ceph-scratch may be on its disks.*allowRemove/);
    // What is lost with a dead one Ceph itself names.
    assert.equal(text({ ...stopped, alone }, without(vault), "OSD_DOWN", "PG_DEGRADED"), "");
  });

  it("may have all copies where these are kept apart by disk alone, or are one", () => {
    const within = (classes: object, disks = 2): readonly string[] =>
      classesWithin(
        homeConfig({
          "machineDefaults.extraDisks": Array.from({ length: disks }, () => ({ sizeGiB: 1000 })),
          "storage.classes": { plain: { kind: "block", default: true }, ...classes },
        }),
        vault,
      );
    const osd = { kind: "block", failureDomain: "osd" };
    assert.deepEqual(within({ a: { ...osd, replicas: 2 } }), ["a"]);
    assert.deepEqual(within({ a: { ...osd, replicas: 2 } }, 1), []);
    assert.deepEqual(within({ a: { ...osd, replicas: 3 } }), []);
    assert.deepEqual(within({ a: { kind: "block", replicas: 1 } }, 1), ["a"]);
    const coded = { ...osd, replicas: 3, erasureCoding: { data: 2, coding: 1 } };
    assert.deepEqual(within({ a: coded }), ["a"]);
    assert.deepEqual(within({ a: { ...coded, failureDomain: "host" } }), []);
  });

  it("goes when it is dead and what it held can be read without it", () => {
    const dead = without(vault);
    assert.equal(text(stopped, dead, "OSD_DOWN", "PG_DEGRADED"), "");
    assert.match(text(stopped, dead, "PG_DEGRADED", "PG_AVAILABILITY"), /PG_AVAILABILITY: of/);
    assert.match(text(stopped, dead, "PG_DEGRADED", "OBJECT_UNFOUND"), /OBJECT_UNFOUND: of/);
  });

  it("goes when it is one of several on a host that is lost, and what they held can be read", () => {
    const lost = without(vault, "proxmox-titan");
    assert.equal(text(stopped, lost, "OSD_DOWN", "OSD_HOST_DOWN", "PG_DEGRADED"), "");
    assert.match(text(stopped, lost, "PG_DEGRADED", "PG_AVAILABILITY"), /PG_AVAILABILITY: of/);
  });

  it("is not dead while Proxmox runs it, though its node is silent: its disks serve on", () => {
    const silent = without(vault, "proxmox-tank");
    assert.match(
      text(running, silent, "OSD_DOWN", "PG_DEGRADED"),
      /disks of proxmox-tank are down/,
    );
    assert.match(text(running, without(vault), "PG_DEGRADED"), /PG_DEGRADED: of/);
    assert.match(text(stopped, without(), "PG_DEGRADED"), /PG_DEGRADED: of/);
  });

  it("stays while no manager runs, without which nothing new is known of data", () => {
    assert.match(text(running, without(), "MGR_DOWN"), /MGR_DOWN: of/);
    assert.match(text(stopped, without(vault), "OSD_DOWN", "MGR_DOWN"), /MGR_DOWN: of/);
  });

  const looked = (
    machine: RebuiltMachine,
    lastChecked: string | undefined,
    { daemons, asked = at("10:00:00"), codes = [] }: LookArgs,
  ): string => {
    const { status } = ceph(...codes);
    const clusters = [{ status: { ceph: { ...status?.ceph, lastChecked: lastChecked! } } }];
    return lossProblems(machine, { clusters, daemons }, { now: at("10:06:00"), asked })
      .map((problem) => problem.text)
      .join();
  };

  it("stays while Rook does not look at Ceph, dead or not", () => {
    const daemons = without(vault);
    const codes = ["OSD_DOWN"];
    assert.equal(looked(running, "2026-11-29T10:02:00Z", { daemons: without() }), "");
    assert.equal(looked(stopped, "2026-11-29T10:02:00Z", { daemons, codes }), "");
    for (const machine of [running, stopped])
      assert.match(
        looked(machine, "2026-11-29T10:00:00Z", { daemons, codes }),
        /last at 2026-11-29T10:00:00Z \(it is 2026-11-29T10:06:00Z by this computer's clock\)/,
      );
    const never = lossProblems(
      stopped,
      { clusters: [{ status: {} }], daemons },
      { now: at("10:06:00"), asked: at("10:00:00") },
    );
    assert.match(never.map((problem) => problem.text).join(), /last at no time/);
  });

  it("stays when dead until Rook has looked at a Ceph that has been without it for two minutes", () => {
    const args = { daemons: without(vault), codes: ["OSD_DOWN"], asked: at("10:03:00") };
    assert.match(looked(stopped, "2026-11-29T10:04:30Z", args), /last at 2026-11-29T10:04:30Z/);
    assert.equal(looked(stopped, "2026-11-29T10:05:00Z", args), "");
  });

  it("stays when dead while Ceph may not have missed its disks, as with one machine left to do so", () => {
    const conditions = (time: string) => [
      { type: "Available", status: "False", lastTransitionTime: `2026-11-29T${time}Z` },
    ];
    const died = (time: string) =>
      without(vault, "proxmox-tank").map((one) =>
        one.status?.readyReplicas === 0
          ? { ...one, status: { ...one.status, conditions: conditions(time) } }
          : one,
      );
    const said = (time: string, ...codes: readonly string[]) =>
      looked(stopped, "2026-11-29T10:05:30Z", { daemons: died(time), codes });
    assert.match(said("09:50:00"), /OSD_DOWN says 0 of 2; it does by 2026-11-29T10:07:00Z/);
    assert.match(said("09:50:00", "1 OSD_DOWN"), /OSD_DOWN says 1 of 2/);
    assert.equal(said("09:50:00", "OSD_DOWN"), "");
    assert.equal(said("09:48:00"), "");
  });

  it("stays while Ceph itself does not answer Rook", () => {
    assert.match(
      text(running, without(), "error"),
      /may hold the last copies of data \(error: of error\)/,
    );
    assert.match(text(stopped, without(vault), "error"), /error: of error/);
  });

  it("is no matter of a Ceph that has none of its disks", () => {
    assert.deepEqual(
      lossProblems(
        { name: "proxmox-attic", runs: true, alone: [] },
        { clusters: [ceph("PG_DEGRADED")], daemons: without() },
        { now: Date.now(), asked: Date.now() },
      ),
      [],
    );
  });

  const answers =
    (daemons: readonly OsdInForce[], found = () => ceph()): ClusterCommand =>
    (_program, [, kind]) => {
      const items = kind === "deployments.apps" ? daemons : [found()];
      return Promise.resolve({ ok: true, stdout: JSON.stringify({ items }), stderr: "" });
    };
  const silent: ClusterCommand = () =>
    Promise.resolve({ ok: false, stdout: "", stderr: "no route to host" });

  it("goes with its monitor while the others run, and one in an up", () => {
    const monitor = (node: string, ready = 1): OsdInForce => ({
      ...osd(node, ready),
      metadata: { labels: { app: "rook-ceph-mon" } },
    });
    const [stone = "", tank = "", titan = ""] = all;
    const said = (
      names: readonly string[],
      monitors: readonly OsdInForce[],
      ...codes: readonly string[]
    ): string =>
      monitorProblems(
        names.map((name) => ({ name })),
        { clusters: [ceph(...codes)], monitors },
      )
        .map((problem) => problem.text)
        .join();
    const three = [monitor(stone), monitor(tank), monitor(titan)];
    assert.equal(said([titan], three), "");
    assert.equal(said([titan, vault], three), "");
    assert.match(said([tank, titan], three), /^proxmox-tank, proxmox-titan each have a monitor/);
    const lost = [monitor(stone), monitor(tank, 0), monitor(titan)];
    assert.match(said([titan], lost, "1 MON_DOWN"), /others are down \(proxmox-tank\)/);
    assert.equal(said([tank], lost, "1 MON_DOWN"), "", "the one that is lost is built anew");
    assert.equal(said([vault], lost, "1 MON_DOWN"), "");
    // One whose pod runs may be out of the quorum all the same.
    assert.match(said([titan], three, "1 MON_DOWN"), /others are down \(MON_DOWN: 1\/3 mons down/);
    assert.match(said([tank], lost, "MON_DOWN"), /others are down \(MON_DOWN: 2\/3/);
    assert.match(said([tank], [monitor(tank)]), /^proxmox-tank has Ceph's only monitor/);
    assert.equal(said([vault], [monitor(tank)]), "");
  });

  it("is noted where nobody can tell", async () => {
    const { problems, notes } = await judgeLoss([running], silent);
    assert.deepEqual(problems, []);
    assert.match(
      notes.join(),
      /^cannot tell whether Ceph can do without proxmox-vault: no route to host$/,
    );
  });

  it("is refused where nobody can tell, of a machine that runs and may have all copies", async () => {
    const only = { ...running, alone: ["ceph-block"] };
    const { problems } = await judgeLoss([only], silent);
    assert.match(problems[0]?.text ?? "", /^proxmox-vault would be built anew while its cluster/);
    assert.deepEqual((await judgeLoss([{ ...only, runs: false }], silent)).problems, []);
  });

  /** Rook looks at each full minute, and each look at Ceph finds what is so by then. */
  const waited = async (found: (time: number) => CephInForce, run?: ClusterCommand) => {
    let time = at("10:00:10");
    const clock = {
      now: () => time,
      pause: (milliseconds: number) => {
        time += milliseconds;
        return Promise.resolve();
      },
    };
    const daemons = without(vault);
    const first = answers(daemons, () => {
      const lastLook = time - (time % minutes(1));
      const { status } = found(lastLook);
      const lastChecked = new Date(lastLook).toISOString();
      return { status: { ceph: { ...status?.ceph, lastChecked } } };
    });
    const asked: ClusterCommand = (...args) =>
      run !== undefined && time > at("10:01:00") ? run(...args) : first(...args);
    const { problems } = await judgeLoss([stopped], asked, clock);
    return { said: problems.map((problem) => problem.text).join(), took: time - at("10:00:10") };
  };

  it("is waited for when it is dead, until what nobody else has can be named", async () => {
    // Its kubelet was silent for long, and its disks served until it was shut down a moment ago.
    const lost = await waited((time) =>
      time < at("10:02:00") ? ceph("OSD_DOWN") : ceph("OSD_DOWN", "PG_AVAILABILITY"),
    );
    assert.match(lost.said, /PG_AVAILABILITY: of/);
    const { said, took } = await waited(() => ceph("OSD_DOWN", "PG_DEGRADED"));
    assert.equal(said, "");
    assert.ok(took >= minutes(2) && took <= minutes(3), `${took}`);
  });

  it("stays when the cluster stops answering meanwhile", async () => {
    const { said } = await waited(() => ceph("OSD_DOWN"), silent);
    assert.match(said, /proxmox-vault: the cluster stopped answering.*no route to host/);
  });

  const look = async (cluster: ClusterCommand, status?: string): Promise<string> => {
    const config = homeConfig({ storage: undefined, allowReplace: [vault] });
    const machine = config.machines.find(({ name }) => name === vault)!;
    const { vmId, host } = machine;
    const tags = ["gen-12345678", "homelab", "homelab-home"];
    const deps = depsIn({
      vms: [{ vmId, name: vault, nodeName: host, tags, ...(status && { status }) }],
    });
    const seen = { vmId, name: vault, host, tags, disks: [], address: "192.168.1.64" };
    const lastUp = { kubeconfig: "of the last up" };
    const known = { machines: [seen], pools: [], pciMappings: [], usbMappings: [], lastUp };
    const site = await openSite("home", config, deps.readSecrets);
    return lookAround(site, { ...deps, cluster, known: () => Promise.resolve(known) }).then(
      () => "went",
      (error: unknown) => String(error),
    );
  };

  it("is looked at before anything is changed", async () => {
    const lost = answers(without("proxmox-tank"));
    assert.match(await look(lost), /homelab:allowReplace: proxmox-vault would be built/);
    assert.equal(await look(answers(without())), "went");
  });

  it("counts as one that runs until Proxmox says otherwise", async () => {
    const silentNode = answers(without(vault), () => ceph("OSD_DOWN", "PG_DEGRADED"));
    for (const status of ["running", "paused", "unknown"])
      assert.match(await look(silentNode, status), /PG_DEGRADED: of/, status);
    const old = answers(without(vault), () => ({
      status: {
        ceph: { ...ceph("PG_DEGRADED").status?.ceph, lastChecked: "2026-11-29T10:00:00Z" },
      },
    }));
    assert.doesNotMatch(await look(old, "stopped"), /PG_DEGRADED: of/);
  });
});
