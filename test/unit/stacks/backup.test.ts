import assert from "node:assert/strict";
import { networkPolicies } from "../../../components/policies/rules.ts";
import { crossCheck } from "../../../stacks/checks.ts";
import { siteNamespaces } from "../../../stacks/namespaces.ts";
import { targetPlan } from "../../../stacks/parts/backup/volumes.ts";
import { policyPlan } from "../../../stacks/traffic.ts";
import { at } from "../components/at.ts";
import { recordedHome } from "../components/home-recording.ts";
import { backupSite } from "./backup-site.ts";
import { homeConfig } from "./sample.ts";

describe("a site's backups of volumes", () => {
  const config = homeConfig(backupSite());

  it("are not there where nobody asked for them, and are taken where somebody did", () => {
    assert.equal(homeConfig().backup, undefined);
    assert.deepEqual(crossCheck(config, "home"), []);
    assert.ok(siteNamespaces(config).some(({ name }) => name === "volsync-system"));
  });

  it("have a folder of their own", () => {
    const { backup } = config;
    assert.ok(backup !== undefined);
    assert.equal(targetPlan("home", backup).folder, "volumes-home");
  });

  it("let movers to the store alone, and VolSync to the API", () => {
    const policies = networkPolicies(policyPlan(config));
    const of = (name: string) =>
      JSON.stringify(
        (policies.find((one) => one.name === `homelab-${name}`)?.specs ?? []).filter((spec) =>
          JSON.stringify(spec.endpointSelector).includes("volsync"),
        ),
      );
    assert.match(of("monitoring"), /"matchName":"nas\.home\.arpa"/);
    assert.match(of("monitoring"), /"9000"/);
    assert.match(of("volsync-system"), /kube-apiserver/);
    assert.ok(!of("volsync-system").includes("nas.home.arpa"));
  });
});

describe("the graph of a site with backups", () => {
  let recording: Awaited<ReturnType<typeof recordedHome>>;
  before(async () => {
    recording = await recordedHome(backupSite());
  });
  const order = (name: string) => recording.waitsFor(name);

  it("goes from the kinds to VolSync, the repository and the backup", () => {
    assert.ok(order("volsync").has("volsync-definitions-command"));
    assert.ok(order("volsync").has("home-storage-tried-command"));
    assert.ok(order("monitoring-prometheus-db-0-repository").has("volsync"));
    assert.ok(
      order("monitoring-prometheus-db-0-backup").has("monitoring-prometheus-db-0-repository"),
    );
    assert.ok(order("monitoring-prometheus-db-0-repository").has("kube-prometheus-stack"));
  });

  it("renders VolSync again when monitoring comes, for its ServiceMonitor", async () => {
    const before = await recordedHome({ ...backupSite({ claims: [] }), monitoring: undefined });
    const release = ({ resources }: typeof recording) =>
      resources.find(({ type, name }) => type.endsWith(":Release") && name === "volsync")?.plain;
    assert.equal(release(before)?.["chart"], "volsync");
    assert.notDeepEqual(release(before), release(recording));
  });

  it("tells movers where the repository is, and shows no password", () => {
    const { stringData } = recording.get("monitoring-prometheus-db-0-repository").plain as {
      stringData: Record<string, string>;
    };
    assert.equal(stringData["RESTIC_PASSWORD"], "value-of-op://Homelab/Backup/password");
    assert.equal(
      stringData["RESTIC_REPOSITORY"],
      "s3:https://nas.home.arpa:9000/volumes/volumes-home/monitoring/prometheus-db-0",
    );
    const source = recording.get("monitoring-prometheus-db-0-backup").plain;
    assert.equal(at(source, "spec.sourcePVC"), "prometheus-db-0");
    const shown = JSON.stringify(recording.resources.map(({ shown: inputs }) => inputs));
    for (const secret of ["Backup/password", "NAS/access-key", "NAS/secret-key"])
      assert.ok(!shown.includes(`value-of-op://Homelab/${secret}`), secret);
  });
});
