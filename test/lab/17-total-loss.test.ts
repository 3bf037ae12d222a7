import assert from "node:assert/strict";
import { canariesOf, expectNone } from "./canaries.ts";
import { routerOf } from "./cluster.ts";
import { attempt, kubectl, refused, run } from "./command.ts";
import { allow, backup, everythingIsUp, recovered, wantLess } from "./everything.ts";
import { expectNothingOutside } from "./outside.ts";
import { forgetProcesses, seenProcesses } from "./processes.ts";
import { eventually, machines, nothingToChange, proxmox, setConfigs, up } from "./site.ts";
import { given, siteIsUp, stepByStep } from "./states.ts";
import { bucket, inVolume, sql } from "./stores.ts";
import { tailscale } from "./world.ts";

const photos = { namespace: "immich", app: "immich", claim: "immich-library" };
const films = { namespace: "media", app: "radarr", claim: "radarr-config" };

const rebuildCheck = async (): Promise<string> =>
  (await attempt`node scripts/rebuild-check.ts --stack home`).stdout;

interface Source {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly status?: { readonly lastSyncTime?: string };
}

describe("a site that is lost with all of its disks", () => {
  given(siteIsUp, everythingIsUp);
  stepByStep();

  it("keeps what its file no longer has until a person lets it go", async () => {
    const { code, said } = await sql(
      "CREATE TABLE IF NOT EXISTS albums (name text); INSERT INTO albums VALUES ('summer'); SELECT name FROM albums",
    );
    assert.deepEqual({ code, said }, { code: 0, said: "summer" });
    for (const volume of [photos, films])
      assert.equal((await inVolume(volume, `echo ${volume.app} >/data/kept`)).code, 0);
    const put = await bucket('rcat ":s3:$BUCKET_NAME/summer/sea" <<END\nblue\nEND');
    assert.equal(put.code, 0, put.said);
    await wantLess();
    const refusal = await refused`node scripts/up.ts --stack home`;
    assert.match(refusal, /homelab:allowDataLoss: the Kafka cluster main is not in the file/);
  });

  it("lets it go once that is allowed, with what belonged to it", async () => {
    await setConfigs({ ...allow, ...(await backup()) });
    await up("home");
    const { items } = await kubectl<{
      items: { metadata: { name: string } }[];
    }>`--context home get namespaces`;
    const left = items.map(({ metadata }) => metadata.name);
    for (const gone of ["kafka", "prowlarr", "seerr"]) assert.ok(!left.includes(gone), gone);
    const media =
      await run`kubectl --context home -n ${films.namespace} get deployments,pvc -o name`;
    // VolSync's movers have volumes of their own.
    assert.deepEqual(
      media
        .trim()
        .split("\n")
        .filter((name) => !/\/volsync-/.test(name)),
      [
        "deployment.apps/radarr",
        "persistentvolumeclaim/media",
        "persistentvolumeclaim/radarr-config",
      ],
    );
  });

  it("has what people keep in stores outside", async () => {
    await eventually(240, async () => {
      const { items } = await kubectl<{
        items: Source[];
      }>`--context home get replicationsources.volsync.backube -A`;
      assert.ok(items.length > 0);
      for (const { metadata, status } of items)
        assert.ok(status?.lastSyncTime !== undefined, `${metadata.namespace}/${metadata.name}`);
    });
    // What is copied once a day is copied now.
    const at = ["--context", "home", "-n", "buckets"];
    await run`kubectl ${at} create job copied-now --from=cronjob/pictures`;
    await run`kubectl ${at} wait --for=condition=complete --timeout=120s job/copied-now`;
    // What is archived every five minutes is archived now.
    const text = "SELECT pg_switch_wal()";
    const written = "SELECT last_archived_wal FROM pg_stat_archiver";
    const primary =
      await run`kubectl --context home -n postgres get clusters.postgresql.cnpg.io main -o ${"jsonpath={.status.currentPrimary}"}`;
    const psql = ["-n", "postgres", "exec", primary, "-c", "postgres", "--", "psql", "-XqtAc"];
    const walfile = "SELECT pg_walfile_name(pg_current_wal_lsn())";
    const current = (await run`kubectl --context home ${psql} ${walfile}`).trim();
    await run`kubectl --context home ${psql} ${text}`;
    await eventually(120, async () =>
      assert.ok((await run`kubectl --context home ${psql} ${written}`).trim() >= current),
    );
  });

  it("is told what comes back, from when, and what does not", async () => {
    const said = await rebuildCheck();
    for (const { namespace, claim } of [photos, films])
      assert.match(
        said,
        new RegExp(`volume ${namespace}/${claim} +from \\d{4}-\\S+Z, the newest of`),
      );
    assert.match(said, /bucket pictures +from \d{4}-\S+Z/);
    const [, byHand = ""] = /comes back by a person's hand\n((?: +\S.*\n)*)/.exec(said) ?? [];
    assert.match(byHand, /Postgres main +from \d{4}-\S+Z/, said);
    const [, lost = ""] = /is lost\n((?: +\S.*\n)*)/.exec(said) ?? [];
    for (const what of ["Redis cache", "volume media/media"]) assert.ok(lost.includes(what), said);
  });

  it("is destroyed, and leaves nothing behind", async () => {
    const canaries = await canariesOf("home");
    await forgetProcesses();
    const said = await run`pulumi destroy --yes --skip-preview --stack home`;
    expectNone(canaries, said, "what destroy says");
    expectNone(canaries, await seenProcesses(), "a command line");
    assert.deepEqual(await machines("home"), []);
    assert.deepEqual(await proxmox("home", "pools"), []);
    for (const host of ["stone", "tank", "titan", "vault"]) {
      for (const storage of ["local", "local-lvm"]) {
        assert.deepEqual(await proxmox("home", `nodes/${host}/storage/${storage}/content`), []);
      }
    }
    await eventually(20, async () => assert.deepEqual((await routerOf("home")).sessions, []));
  });

  it("takes tunnel, record, Access, keys and devices along, and puts the policy back", async () => {
    await expectNothingOutside();
    const text = await tailscale("GET", "tailnet/-/acl");
    assert.ok(!text.includes("tag:home"), text);
    assert.deepEqual(JSON.parse(await tailscale("GET", "tailnet/-/dns/split-dns")), {});
  });

  it("is raised again by one up", async () => {
    await setConfigs(await recovered());
    await up("home");
  });

  it("has files, rows and objects as they were, and nothing to change", async () => {
    for (const volume of [photos, films])
      assert.deepEqual(await inVolume(volume, "cat /data/kept"), { code: 0, said: volume.app });
    assert.deepEqual(await sql("SELECT name FROM albums"), { code: 0, said: "summer" });
    const object = await bucket('cat ":s3:$BUCKET_NAME/summer/sea"');
    assert.deepEqual(object, { code: 0, said: "blue" });
    await nothingToChange("home");
  });
});
