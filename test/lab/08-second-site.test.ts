import assert from "node:assert/strict";
import { volumeSpec } from "../../components/storage/claim.ts";
import { putSecrets } from "../../lab/world/vaults.ts";
import { expectSessions, kubernetes, nodes } from "./cluster.ts";
import { attempt, kubectl, paths, refused, run } from "./command.ts";
import { doctor, expectNothingYet, named } from "./doctor.ts";
import { eventually, machines, nothingToChange, proxmox, setConfigs, up } from "./site.ts";
import { cabinIsGone, given, siteIsUp } from "./states.ts";
import { owner, volumePod } from "./storage.ts";
import { trustFile } from "./trust.ts";
import { cloudflare, devices, fault, noFaults, tailscale } from "./world.ts";
import { words } from "./words.ts";

const upCabin = words`node scripts/up.ts --stack cabin`;

/** The cabin's bucket for what home keeps there. */
const store = "https://s3.cabin.home.arpa/backups-of-home";

/** Home's key to it. */
async function keyOfHome(): Promise<{ readonly id: string; readonly key: string }> {
  const { data } = await kubectl<{
    data: Readonly<Record<string, string>>;
  }>`--context cabin get secret -n buckets backups-of-home`;
  const plain = (part: string): string => Buffer.from(data[part] ?? "", "base64").toString();
  return { id: plain("AWS_ACCESS_KEY_ID"), key: plain("AWS_SECRET_ACCESS_KEY") };
}

/** How curl comes there with it. */
async function asHome(): Promise<readonly string[]> {
  const { id, key } = await keyOfHome();
  // Gateways take what is not told for this, and some curls for empty.
  const content = ["-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD"];
  const sign = ["--aws-sigv4", "aws:amz:us-east-1:s3", "--user", `${id}:${key}`];
  return ["--cacert", await trustFile("cabin"), ...sign, ...content];
}

/** Everything that a first `up` can meet, one after the other: each run goes as far as it can, and the next goes on. */
describe("a second site, on a bad day", () => {
  given(siteIsUp, cabinIsGone);
  afterEach(noFaults);

  it("is looked at by the doctor beside the first, which has everything, and nothing is wrong", async () => {
    await expectNothingYet("cabin", "cabin-connector-0", "l2");
  });

  it("is refused without the tailnet's policy knowing it, before anything is made", async () => {
    const policy = await tailscale("GET", "tailnet/-/acl");
    await tailscale("POST", "tailnet/-/acl", policy.replaceAll("tag:cabin-connector", "tag:other"));
    try {
      const said = await refused`${upCabin}`;
      assert.match(said, /does not provide for site cabin/);
      assert.match(said, /sites:\s+cabin: /);
      assert.deepEqual(await machines("cabin"), []);
    } finally {
      await tailscale("POST", "tailnet/-/acl", policy);
    }
  });

  it("is refused with a public name of the first's, before anything is made", async () => {
    const values = {
      "homelab:versions.cloudflared": "2026.8.2",
      "homelab:edge.accountId": "0123456789abcdef0123456789abcdef",
      "homelab:edge.zone": "example.net",
      "homelab:edge.zoneId": "fedcba9876543210fedcba9876543210",
      "homelab:edge.apiToken": "op://Homelab/Cloudflare/api-token",
      "homelab:apps.typeo.image": "quay.io/rajsinghcpre/typeo",
      "homelab:apps.typeo.version": "v0.0.4",
      "homelab:apps.typeo.hostname": "typeo.example.net",
      "homelab:apps.typeo.withoutAccess": "a game that the second site shows to everybody",
    };
    await setConfigs(values, "cabin");
    try {
      const said = await refused`${upCabin}`;
      assert.match(said, /homelab:apps\.typeo\.hostname: typeo\.example\.net has a record CNAME/);
      assert.match(said, /is site home's by its mark; site cabin cannot have typeo\.example\.net/);
      assert.deepEqual(await machines("cabin"), []);
      const tunnels = await cloudflare<{ name: string }[]>("GET", "accounts/{a}/cfd_tunnel");
      assert.ok(tunnels.every(({ name }) => name !== "cabin"));
    } finally {
      for (const key of ["homelab:edge", "homelab:apps.typeo", "homelab:versions.cloudflared"])
        await run`pulumi config rm --stack cabin --path ${key}`;
    }
  });

  it("is refused with the domain of the first, by both names", async () => {
    const file = "Pulumi.cabin.yaml";
    const edit = `cp ${file} "$HOME/kept.yaml" && sed 's|cabin[.]home[.]arpa|home.arpa|' "$HOME/kept.yaml" >${file}`;
    await run`sh -c ${edit}`;
    try {
      const said = await refused`node scripts/preview.ts --stack cabin`;
      assert.match(said, /for home\.arpa already, which site home has set up/);
      assert.match(said, /homelab:site\.domain/);
    } finally {
      await run`sh -c ${`cat "$HOME/kept.yaml" >${file}`}`;
    }
  });

  it("is refused with a clear error while 1Password does not answer", async () => {
    await fault({ service: "connect", effect: { kind: "cut" } });
    assert.match(await refused`${upCabin}`, /https:\/\/connect\.home\.arpa/);
    assert.deepEqual(await machines("cabin"), []);
  });

  it("says which Proxmox task has failed", async () => {
    const effect = { kind: "fail", status: 500, message: "no space left on local-lvm" } as const;
    const failed = { service: "proxmox.task", path: "qmcreate", times: 1, effect } as const;
    await fault(failed);
    assert.match(await refused`${upCabin}`, /no space left on local-lvm/);
  });

  it("gets over a slow Proxmox and late SSH, and names the machine whose auth key was refused", async () => {
    await fault({ service: "proxmox", effect: { kind: "delay", milliseconds: 300 } });
    await fault({ service: "proxmox", method: "GET", times: 2, effect: { kind: "cut" } });
    const late = { service: "machine", host: "proxmox-hut", times: 1 } as const;
    await fault({ ...late, effect: { kind: "delay", milliseconds: 15_000 } });
    const revoked = {
      kind: "fail",
      status: 401,
      message: "invalid key: API key not valid",
    } as const;
    await fault({ service: "tailscale", path: "/machine/register", effect: revoked });
    const said = await refused`${upCabin}`;
    assert.match(said, /invalid key/);
    assert.match(said, /proxmox-hut/);
    assert.equal((await machines("cabin")).length, 1);
  });

  it("says where a chart could not be had", async () => {
    await fault({ service: "mirrors", host: "helm.cilium.io", effect: { kind: "cut" } });
    assert.match(await refused`${upCabin}`, /helm\.cilium\.io/);
  });

  it("comes up with the first still there", async () => {
    await up("cabin");
    assert.deepEqual(
      (await nodes("cabin")).map(({ metadata }) => metadata.name),
      ["proxmox-hut"],
    );
    assert.equal((await nodes("home")).length, 4);
    await expectSessions("home", 4);
    assert.equal((await machines("home")).length, 4);
    await nothingToChange("cabin");
  });

  it("keeps two copies of everything on the disks of its one host, and no pod waits for a second machine", async () => {
    const { items: claims } = await kubectl<{
      items: { status: { phase: string }; spec: { storageClassName: string } }[];
    }>`--context cabin get pvc -n home-assistant`;
    assert.ok(claims.length > 0);
    for (const { status, spec } of claims)
      assert.deepEqual([spec.storageClassName, status.phase], ["ceph-block", "Bound"]);
    const daemons =
      await run`kubectl --context cabin get deployment -n rook-ceph -l app=rook-ceph-osd -o name`;
    assert.equal(daemons.trim().split("\n").length, 2);
    const field = "status.phase=Pending";
    assert.equal(
      (await run`kubectl --context cabin get pods -A --field-selector ${field} -o name`).trim(),
      "",
    );
  });

  it("lets its house in at the name of Home Assistant, by a certificate of its own authority", async () => {
    const trust = await trustFile("cabin");
    assert.match(
      await run`curl -sS -m 10 --cacert ${trust} https://ha.cabin.home.arpa/`,
      /id="pod"/,
    );
  });

  it("takes what home is to keep with it, at a name that its certificate has", async () => {
    const curl = ["-sS", "-m", "10", "--fail-with-body", ...(await asHome())];
    await run`curl ${curl} -T /etc/hostname ${`${store}/kept`}`;
    assert.equal(await run`curl ${curl} ${`${store}/kept`}`, await run`cat /etc/hostname`);
  });

  it("has a backup of home, whose pods come by the tailnet alone", async () => {
    const claim = { namespace: "household", name: "letters" };
    const place = { ...claim, class: "ceph-block", sizeGiB: 1 };
    const objects = [
      { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: claim, spec: volumeSpec(place) },
      {
        ...{ apiVersion: "v1", kind: "Pod", metadata: claim },
        spec: volumePod("letters", "echo dear >/data/letter; while true; do sleep 1; done"),
      },
    ];
    const gateway = (await devices()).find(({ hostname }) => hostname === "cabin-gateway");
    assert.ok(gateway);
    const { id, key } = await keyOfHome();
    const item = "op://Homelab/S3 of backups-of-home";
    putSecrets(paths.state, { [`${item}/access-key`]: id, [`${item}/secret-key`]: key });
    const [way, at] = ["homelab:tailnet.egress", "homelab:backup"];
    await kubernetes("apply", objects);
    try {
      await setConfigs({
        [`${way}.cabin.fqdn`]: gateway.name,
        [`${way}.cabin.as`]: gateway.addresses[0] ?? "",
        [`${way}.cabin.ports[0]`]: 443,
        [`${way}.cabin.hostnames[0]`]: "s3.cabin.home.arpa",
        [`${at}.s3.endpoint`]: "https://s3.cabin.home.arpa",
        [`${at}.s3.bucket`]: "backups-of-home",
        [`${at}.s3.ca`]: await run`cat ${await trustFile("cabin")}`,
        [`${at}.s3.accessKey`]: `${item}/access-key`,
        [`${at}.s3.secretKey`]: `${item}/secret-key`,
        [`${at}.password`]: "op://Homelab/Backup/password",
        ...{ [`${at}.claims[0].namespace`]: claim.namespace, [`${at}.claims[0].name`]: claim.name },
        [`${at}.claims[0].uid`]: owner.uid,
      });
      await up("home");
      const source = ["-n", claim.namespace, "replicationsource", claim.name];
      await eventually(240, async () => {
        const { status } = await kubectl<{
          status?: { latestMoverStatus?: { result?: string; logs?: string } };
        }>`--context home get ${source}`;
        assert.equal(status?.latestMoverStatus?.result, "Successful");
        assert.match(status.latestMoverStatus.logs ?? "", /snapshot [0-9a-f]+ saved/);
      });
      const kept = await run`curl -sS -m 10 --fail-with-body ${await asHome()} ${store}`;
      assert.match(kept, /<Key>volumes-home\/household\/letters\/snapshots\/[0-9a-f]+<\/Key>/);
      const { stdout } = await attempt`node scripts/rebuild-check.ts --stack home`;
      assert.match(stdout, /volume household\/letters +from \d{4}-\S+Z, the newest of 1/);
    } finally {
      for (const section of [way, at])
        await attempt`pulumi config rm --stack home --path ${section}`;
      await kubernetes("delete", objects);
    }
    await up("home");
  });

  it("answers on its LAN at a load balancer's address, for which one node holds the lease", async () => {
    await run`kubectl --context cabin create deployment hello --image=example/hello:1 --port=8080`;
    // The lab's pages stand behind a port of this name.
    const portName = `[{"op":"add","path":"/spec/template/spec/containers/0/ports/0/name","value":"http"}]`;
    await run`kubectl --context cabin patch deployment hello --type=json -p ${portName}`;
    await run`kubectl --context cabin expose deployment hello --type=LoadBalancer --port=80 --target-port=http`;
    await eventually(60, async () => {
      const { status } = await kubectl<{
        status: { loadBalancer: { ingress?: { ip: string }[] } };
      }>`--context cabin get service hello`;
      assert.deepEqual(status.loadBalancer.ingress?.[0]?.ip, "192.168.2.200");
      const { spec } = await kubectl<{
        spec: { holderIdentity: string };
      }>`--context cabin get lease -n kube-system cilium-l2announce-default-hello`;
      assert.equal(spec.holderIdentity, "proxmox-hut");
      assert.match(await run`curl -sS -m 5 http://192.168.2.200/`, /id="pod"/);
    });
    const report = await doctor("cabin");
    named(report, "announcement of default/hello", /proxmox-hut answers/);
    named(report, "load balancer default/hello", /192\.168\.2\.200:80 answers/);
  });

  it("leaves the tailnet when its only machine is dead, even if a destroy breaks off then", async () => {
    const before = (await devices()).map(({ hostname }) => hostname);
    assert.ok(before.includes("proxmox-hut") && before.includes("cabin-connector-0"));
    await proxmox("cabin", "nodes/hut/qemu/221/status/stop", "POST");
    await eventually(20, async () => {
      assert.deepEqual(
        (await machines("cabin")).map(({ status }) => status),
        ["stopped"],
      );
    });
    const effect = { kind: "fail", status: 500, message: "cannot lock the disk" } as const;
    await fault({ service: "proxmox.task", path: "qmdestroy", times: 1, effect });
    const said = await refused`node scripts/destroy.ts --stack cabin --yes`;
    assert.match(said, /cannot lock the disk/);
    assert.match(said, /removed the device proxmox-hut/);
    assert.equal((await machines("cabin")).length, 1);
    const after = (await devices()).map(({ hostname }) => hostname);
    assert.ok(
      after.every((name) => !/hut|cabin/.test(name)),
      after.join(" "),
    );
    assert.ok(after.includes("robbinsdale-connector-0"));
  });

  it("goes with the next destroy, and leaves the first alone", async () => {
    await run`node scripts/destroy.ts --stack cabin --yes`;
    assert.deepEqual(await machines("cabin"), []);
    assert.equal((await machines("home")).length, 4);
  });
});
