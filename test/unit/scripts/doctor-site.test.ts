import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAuthority } from "../../../lab/world/authority.ts";
import type { ClusterCommand } from "../../../stacks/doctor/examined.ts";
import { judgeKubeVip } from "../../../stacks/parts/cluster/doctor/kube-vip.ts";
import { hubbleChecks, judgeHubble } from "../../../stacks/parts/network/doctor/hubble.ts";
import { judgePeers, judgeRouterPort } from "../../../stacks/parts/network/doctor/bgp.ts";
import { checkMachine, judgeMachine, parseFacts } from "../../../stacks/parts/machines/doctor.ts";
import { judgeAuthorities, judgeCertificates } from "../../../stacks/parts/cluster/doctor.ts";
import { judgeNodes } from "../../../stacks/parts/cluster/doctor/nodes.ts";
import {
  judgeDirectWay,
  judgeRoutes,
  judgeService,
  leadsThroughTailnet,
  standsIn,
} from "../../../stacks/parts/site/doctor.ts";
import { readSite } from "../../../scripts/doctor/site.ts";
import { siteFile } from "../../../scripts/site-file.ts";
import { parseSiteConfig } from "../../../stacks/site-file.ts";

const { config: home } = parseSiteConfig(siteFile("Pulumi.home.yaml"), "home");
assert.ok(home);
const [stone] = home.machines;
assert.ok(stone);
const bad = (
  found: readonly { severity: string; subject: string; text: string; remedy: string }[],
) => found.filter(({ severity }) => severity !== "ok");

const said = (changes: Record<string, string> = {}): string =>
  Object.entries({
    date: "1000",
    synchronised: "yes",
    disk: "6% 60000000 /",
    "rke2-server": "active",
    "rke2-agent": "inactive",
    etcd: "there",
    applied: "yes",
    ...changes,
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");

const judged = (changes: Record<string, string> = {}) =>
  bad(
    judgeMachine(stone, parseFacts(said(changes), 1_000_000), {
      vip: "192.168.1.20",
      helper: "proxmox-tank",
      site: "home",
      lan: { card: "eth0", podMtu: 1500 },
    }),
  );

describe("what the doctor knows before it asks anybody", () => {
  const values = Object.fromEntries(
    Object.entries(siteFile("Pulumi.home.yaml")).map(([key, value]) => [key, { value }]),
  );
  const secret = (value: unknown) => ({
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    plaintext: JSON.stringify(value),
  });
  const read = (resources: readonly object[]) =>
    readSite(
      {
        getAllConfig: () => Promise.resolve(values),
        exportStack: () => Promise.resolve({ version: 3, deployment: { resources } }),
      },
      "home",
    );

  it("is one export: the stack's outputs are in it, with their secrets in plain", async () => {
    const outputs = {
      kubeconfig: secret("apiVersion: v1"),
      certificates: { ends: secret("2027-01-31T00:00:00Z"), renewed: "" },
      sshPrivateKey: secret("key"),
      knownHosts: "192.168.1.21 ssh-ed25519 AAAA",
    };
    const root = { urn: "urn:pulumi:home::homelab::s", type: "pulumi:pulumi:Stack", outputs };
    const site = await read([root, { urn: "vm", type: "proxmoxve:index:VmLegacy" }]);
    assert.ok("config" in site);
    assert.deepEqual(
      [site.kubeconfig, site.certificates, site.ssh, site.resources, site.isUp],
      [
        "apiVersion: v1",
        { ends: "2027-01-31T00:00:00Z", renewed: "" },
        { privateKey: "key", knownHosts: "192.168.1.21 ssh-ed25519 AAAA" },
        2,
        true,
      ],
    );
  });

  it("is the config alone before the first up", async () => {
    const site = await read([]);
    assert.ok("config" in site);
    assert.deepEqual(
      [site.kubeconfig, site.certificates, site.ssh, site.isUp],
      [undefined, undefined, undefined, false],
    );
  });
});

describe("the doctor on a machine", () => {
  it("finds a sound one fine", () => {
    assert.deepEqual(judged(), []);
  });

  it("warns above 85 % of the disk, errs above 95 %, and says how to free some", () => {
    assert.deepEqual(judged({ disk: "85% 9000000 /" }), []);
    assert.equal(judged({ disk: "90% 6000000 /" })[0]?.severity, "warning");
    const [full] = judged({ disk: "100% 0 /" });
    assert.equal(full?.severity, "error");
    assert.match(full.text, /100 % full on \/, 0 MiB are free/);
    assert.match(full.remedy, /diskGiB/);
  });

  it("compares what pods send with what the card on the LAN carries, and with the site's", () => {
    const sized = (lan: string, pods: string) =>
      judged({ "mtu-eth0": lan, "mtu-cilium_host": pods });
    assert.deepEqual(sized("1500", "1500"), []);
    assert.deepEqual(sized("9000", "1500"), [], "another machine carries no more");
    assert.deepEqual(judged({ "mtu-eth0": "1500" }), [], "before Cilium is there");
    // What tailscaled's interface carries.
    const [small] = sized("1500", "1280");
    assert.deepEqual(
      [small?.severity, small?.text],
      ["warning", "pods send 1280 bytes at a time, the site's LAN carries 1500"],
    );
    const [large] = sized("1400", "1500");
    assert.equal(large?.severity, "error");
    assert.match(large?.text ?? "", /pods send 1500 bytes at a time, eth0 carries 1400/);
  });

  it("names a clock that is off by ten minutes, and one that nothing keeps right", () => {
    assert.match(judged({ date: "1600" })[0]?.text ?? "", /600 s ahead/);
    assert.match(judged({ synchronised: "no" })[0]?.text ?? "", /not synchronised/);
  });

  it("names a node's certificates in their last 119 days, and how to renew them by hand", () => {
    const until = (days: number) =>
      judged({ certificates: new Date(Date.now() + days * 86_400_000).toISOString() });
    assert.deepEqual(until(121), []);
    const [near] = until(100);
    assert.deepEqual([near?.severity, near?.subject], ["warning", "certificates of proxmox-stone"]);
    assert.match(near?.remedy ?? "", /systemctl restart rke2-server/);
    assert.equal(until(-1)[0]?.severity, "error");
    assert.deepEqual(judged({ certificates: "" }), []);
  });

  it("says which restart a new kernel waits for, and how it is done", () => {
    const [due] = judged({ reboot: "linux-image-6.12.117+deb13-cloud-amd64 " });
    assert.equal(due?.severity, "warning");
    assert.match(due.text, /waits for a restart: linux-image-6\.12\.117\+deb13-cloud-amd64 counts/);
    assert.equal(due.remedy, "npm run reboot -- --stack home --machine proxmox-stone");
  });

  it("names lost etcd data once, with every step to get it back", () => {
    const found = judged({ etcd: "lost", "rke2-server": "failed" });
    assert.equal(found.length, 1);
    assert.match(found[0]?.text ?? "", /etcd data is lost/);
    assert.match(found[0]?.remedy ?? "", /on proxmox-tank: kubectl delete node proxmox-stone/);
    // The machine that began the cluster would begin another one.
    assert.match(found[0]?.remedy ?? "", /server: https:\/\/192\.168\.1\.20:9345/);
    assert.doesNotMatch(judged({ etcd: "lost", joins: "yes" })[0]?.remedy ?? "", /50-join/);
  });

  it("names a unit that does not run; a machine that was not prepared yet has none", () => {
    assert.match(judged({ "rke2-server": "failed" })[0]?.text ?? "", /rke2-server is failed/);
    assert.deepEqual(judged({ applied: "", "rke2-server": "inactive", etcd: "lost" }), []);
  });

  it("says when nobody answers", async () => {
    const refuse = () => Promise.reject(new Error("connect: No route to host"));
    const [finding] = await checkMachine({ ...home, name: "home" }, stone, refuse);
    assert.equal(finding?.severity, "error");
    assert.match(finding.text, /192\.168\.1\.21 does not answer on SSH: connect: No route/);
  });
});

describe("the doctor in the cluster", () => {
  const node = (name: string, ready: string, ...more: string[]) => ({
    metadata: { name },
    status: {
      conditions: [
        { type: "Ready", status: ready },
        ...more.map((type) => ({ type, status: "True", message: "m" })),
      ],
    },
  });
  const names = home.machines.map(({ name }) => name);

  it("wants every machine as a Ready node without pressure", () => {
    assert.deepEqual(
      bad(
        judgeNodes(
          home.machines,
          names.map((name) => node(name, "True")),
        ),
      ),
      [],
    );
    const [first = "", second = "", third = ""] = names;
    const found = bad(
      judgeNodes(home.machines, [
        node(first, "True", "DiskPressure"),
        node(second, "Unknown"),
        node(third, "True"),
      ]),
    );
    assert.match(found[0]?.text ?? "", /DiskPressure/);
    assert.match(found[1]?.text ?? "", /is not Ready/);
    assert.match(found[2]?.text ?? "", /not in the cluster/);
  });

  it("names a node that no machine of the site is, with what removes it", () => {
    const all = [...names, "proxmox-attic"].map((name) => node(name, "Unknown"));
    const [found, ...more] = bad(judgeNodes(home.machines, all)).filter(({ text }) =>
      /no machine of that name/.test(text),
    );
    assert.equal(found?.subject, "node proxmox-attic");
    assert.match(found?.remedy ?? "", /kubectl delete node proxmox-attic/);
    assert.deepEqual(more, []);
  });

  it("wants the taints that the config says, both ways, and minds no others", () => {
    const taints = [
      { key: "CriticalAddonsOnly", value: "true", effect: "NoExecute" },
      { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" },
    ];
    const nodes = names.map((name, i) => ({
      ...node(name, "True"),
      ...(i === 0 ? { spec: { taints } } : {}),
    }));
    const machines = home.machines.map((machine, i) => ({ ...machine, workloads: i !== 1 }));
    const found = bad(judgeNodes(machines, nodes));
    const [first = "", second = ""] = names;
    assert.deepEqual(
      found.map(({ subject, remedy }) => `${subject}: ${remedy}`),
      [
        `node ${first}: kubectl taint node ${first} CriticalAddonsOnly=true:NoExecute-`,
        `node ${second}: kubectl taint node ${second} CriticalAddonsOnly=true:NoExecute`,
      ],
    );
  });

  it("says of a silent node what waits for it, and of one that is back that it is still marked", () => {
    const [first = "", second = "", ...others] = names;
    const key = "node.kubernetes.io/out-of-service";
    const marked = { spec: { taints: [{ key, value: "nodeshutdown", effect: "NoExecute" }] } };
    const nodes = (...two: ReturnType<typeof node>[]) => [
      ...two,
      ...others.map((name) => node(name, "True")),
    ];
    const judged = bad(
      judgeNodes(
        home.machines,
        nodes(node(first, "Unknown"), { ...node(second, "True"), ...marked }),
      ),
    ).filter(({ remedy }) => remedy.includes(key));
    assert.deepEqual(
      judged.map(({ severity, subject }) => `${severity} ${subject}`),
      [`error node ${first}`, `error node ${second}`],
    );
    const [silent, back] = judged;
    assert.match(
      silent?.remedy ?? "",
      new RegExp(`StatefulSets and volumes .* surely off: kubectl taint node ${first} ${key}=`),
    );
    assert.equal(back?.remedy, `kubectl taint node ${second} ${key}-`);
    // One that is marked and away has been told of.
    const away = bad(
      judgeNodes(
        home.machines,
        nodes({ ...node(first, "Unknown"), ...marked }, node(second, "False")),
      ),
    ).filter(({ remedy }) => remedy.includes(key));
    assert.deepEqual(away, []);
  });

  const peering = home.network.bgp;
  assert.ok(peering);

  it("warns of a node that is cordoned, as a restart that was cut off leaves it", () => {
    const [first = "", ...others] = names;
    const cordoned = { ...node(first, "True"), spec: { unschedulable: true } };
    const found = bad(
      judgeNodes(home.machines, [cordoned, ...others.map((name) => node(name, "True"))]),
    );
    assert.deepEqual(
      found.map(({ severity, subject }) => [severity, subject]),
      [["warning", `node ${first}`]],
    );
    assert.match(found[0]?.remedy ?? "", new RegExp(`kubectl uncordon ${first}`));
  });

  it("wants an established session of every node", () => {
    const session = (name: string, peeringState: string) => ({
      metadata: { name },
      status: { bgpInstances: [{ peers: [{ peerAddress: "10.0.0.1", peeringState }] }] },
    });
    const [first = "", second = "", third = ""] = names;
    const found = bad(
      judgePeers(
        peering,
        [first, second, third],
        [session(first, "established"), session(second, "active")],
      ),
    );
    assert.match(found[0]?.text ?? "", /not established: 10\.0\.0\.1 active/);
    assert.match(found[1]?.text ?? "", /no session/);
    assert.match(found[0]?.remedy ?? "", /64512.*64513/);
  });

  it("takes a router's silence for a hint only", () => {
    const severity = (sessions: "established" | "missing" | "none yet") =>
      judgeRouterPort("10.0.0.1", "refused", sessions).severity;
    assert.equal(severity("established"), "ok");
    assert.equal(severity("missing"), "warning");
    assert.equal(severity("none yet"), "ok");
  });
});

describe("the doctor at this workstation's routes", () => {
  it("lets the site's own ways pass: its LAN, its gateway, the tailnet", () => {
    const routes = [
      { dst: "default", gateway: "192.168.1.1", dev: "eth0" },
      { dst: "192.168.1.0/24", dev: "eth0" },
      { dst: "10.42.0.0/16", gateway: "192.168.1.1", dev: "eth0" },
      { dst: "10.43.0.0/16", dev: "tailscale0" },
      { dst: "172.17.0.0/16", dev: "docker0" },
    ];
    assert.deepEqual(bad(judgeRoutes(home, routes)), []);
  });

  it("names a way to its own LAN through the tailnet, by whatever route or rule", () => {
    // As `ip -json -4 route get` prints them: the matched route's destination is not among it.
    const direct = { dst: "192.168.1.21", dev: "eth0" };
    const detour = { dst: "192.168.1.22", dev: "tailscale0", table: "52" };
    assert.deepEqual(judgeDirectWay("192.168.1.0/24", [direct]), []);
    const [finding] = judgeDirectWay("192.168.1.0/24", [direct, detour]);
    assert.match(finding?.text ?? "", /reaches 192\.168\.1\.22 through the tailnet/);
    assert.match(finding?.remedy ?? "", /ip rule add to 192\.168\.1\.0\/24 priority 2500/);
    assert.match(finding?.remedy ?? "", /--exit-node-allow-lan-access/);
  });

  it("knows whether it stands in the LAN: away from home the tailnet is the only way", () => {
    const standing = (...routes: { dst: string; dev: string; gateway?: string }[]): boolean =>
      standsIn("192.168.1.0/24", routes);
    assert.equal(standing({ dst: "192.168.1.0/24", dev: "eth0" }), true);
    assert.equal(standing({ dst: "192.168.0.0/16", dev: "eth0" }), true);
    assert.equal(standing({ dst: "default", dev: "eth0", gateway: "192.168.1.1" }), false);
    assert.equal(standing({ dst: "192.168.1.0/24", dev: "eth0", gateway: "10.0.0.1" }), false);
    assert.equal(standing({ dst: "192.168.1.0/24", dev: "tailscale0" }), false);
    assert.equal(standing({ dst: "192.168.1.7", dev: "eth0" }), false);
  });

  it("asks a service by its ClusterIP where a route of Tailscale's leads there", () => {
    const leads = (dst: string, dev: string): boolean =>
      leadsThroughTailnet("10.43.0.1", [{ dst, dev }]);
    assert.equal(leads("10.43.0.0/16", "tailscale0"), true);
    assert.equal(leads("default", "tailscale0"), false);
    assert.equal(leads("10.43.0.0/16", "eth0"), false);
    assert.equal(judgeService("10.43.0.1", undefined).severity, "ok");
    const silent = judgeService("10.43.0.1", "no answer within 5 s");
    assert.match(silent.text, /no answer within 5 s/);
    assert.match(silent.remedy ?? "", /bpf-lb-external-clusterip/);
  });

  it("names a network that is routed elsewhere, and where", () => {
    const found = bad(
      judgeRoutes(home, [
        { dst: "10.42.7.0/24", dev: "br-1234" },
        { dst: "10.0.0.0/8", gateway: "172.16.0.1", dev: "tun0" },
      ]),
    );
    assert.equal(found.length, 3);
    assert.match(
      found[0]?.text ?? "",
      /10\.42\.7\.0\/24 dev br-1234; 10\.0\.0\.0\/8 via 172\.16\.0\.1 dev tun0/,
    );
  });
});

describe("certificates, as the doctor sees them", () => {
  const now = new Date("2027-06-01T12:00:00Z");
  const judged = (ends: string) =>
    judgeCertificates({ certificates: { ends, renewed: "" } }, "home", now);

  it("are fine until an up would renew them", () => {
    assert.equal(judgeCertificates({}, "home", now).severity, "ok");
    assert.equal(judged("2027-10-01T12:00:00Z").severity, "ok");
  });

  it("are a warning with their days from then on, and an error once they have ended", () => {
    const { severity, text, remedy } = judged("2027-07-01T12:00:00Z");
    assert.deepEqual([severity, text], ["warning", "end on 2027-07-01, in 30 days"]);
    assert.match(remedy, /npm run up -- --stack home/);
    assert.equal(judged("2027-05-30T12:00:00Z").severity, "error");
    assert.match(judged("2027-05-30T12:00:00Z").text, /^ended on 2027-05-30, 2 days ago/);
  });
});

describe("the cluster's authorities, as the doctor sees them", () => {
  it("are named with their days, a year before they end as a warning", async () => {
    assert.equal(judgeAuthorities({}).severity, "ok");
    const directory = await mkdtemp(join(tmpdir(), "authorities-"));
    try {
      const end = new Date("2036-06-30T00:00:00Z");
      const { cert } = await (await openAuthority(directory)).issue(["rke2-server-ca"], end);
      const data = Buffer.from(cert).toString("base64");
      const kubeconfig = `clusters:\n- cluster:\n    certificate-authority-data: ${data}\n`;
      const judgedOn = (day: string) => judgeAuthorities({ kubeconfig }, new Date(day));
      assert.equal(judgedOn("2035-06-01").severity, "ok");
      assert.match(judgedOn("2035-06-01").text, /^ends on 2036-06-30, in 395 days$/);
      assert.equal(judgedOn("2035-07-15").severity, "warning");
      assert.match(judgedOn("2035-07-15").remedy, /rotate-ca/);
      assert.equal(judgedOn("2036-07-01").severity, "error");
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe("kube-vip, as the doctor sees it", () => {
  it("is of the config's release, which a server that was away may have taken back", () => {
    const image = "ghcr.io/kube-vip/kube-vip:v1.0.4";
    assert.equal(judgeKubeVip("v1.0.4", image).severity, "ok");
    const { severity, text } = judgeKubeVip("v1.0.5", image);
    assert.equal(severity, "error");
    assert.match(text, /is v1\.0\.4, and the config has v1\.0\.5: a server that was away/);
    assert.equal(judgeKubeVip("v1.0.4", "").severity, "error");
  });
});

describe("Hubble's certificates, as the doctor sees them", () => {
  it("are looked up with their authority, which ends after three years and is not renewed by the job", async () => {
    const asked: string[] = [];
    const run: ClusterCommand = (_, args) => {
      asked.push(args.slice(4, 8).join(" "));
      return Promise.resolve({ ok: true, stdout: "", stderr: "" });
    };
    for (const check of hubbleChecks(run)) await check.run();
    assert.deepEqual(asked, [
      "hubble-server-certs --ignore-not-found -o jsonpath={.data.tls\\.crt}",
      "hubble-relay-client-certs --ignore-not-found -o jsonpath={.data.tls\\.crt}",
      "cilium-ca --ignore-not-found -o jsonpath={.data.ca\\.crt}",
    ]);
  });

  it("are named when they end within 30 days, when they have ended, and when they are not there", async () => {
    const directory = await mkdtemp(join(tmpdir(), "hubble-"));
    try {
      const end = new Date("2027-06-30T00:00:00Z");
      const { cert } = await (await openAuthority(directory)).issue(["hubble"], end);
      const judgedOn = (day: string) =>
        judgeHubble("hubble-server-certs", Buffer.from(cert).toString("base64"), new Date(day));
      assert.equal(judgedOn("2027-05-01").severity, "ok");
      assert.match(judgedOn("2027-06-20").text, /ends on 2027-06-30, in 10 days/);
      assert.match(judgedOn("2027-06-20").remedy, /--from=cronjob\/hubble-generate-certs/);
      assert.equal(judgedOn("2027-07-01").severity, "error");
      assert.equal(judgeHubble("hubble-server-certs", "").severity, "error");
      const authority = judgeHubble(
        "cilium-ca",
        Buffer.from(cert).toString("base64"),
        new Date("2027-06-20"),
      );
      assert.equal(authority.severity, "warning");
      assert.match(
        authority.remedy,
        /delete secret cilium-ca; .*hubble-generate-certs.*hubble-relay/,
      );
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
