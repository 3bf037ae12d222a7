import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { envoyGateway } from "../../../components/definitions/envoy-gateway.ts";
import { gatewayApi } from "../../../components/definitions/gateway-api.ts";
import { clusterValues } from "../../../components/storage/cluster-values.ts";
import { storageNamespace } from "../../../components/storage/operator-values.ts";
import type { ClusterCommand } from "../../../stacks/doctor/examined.ts";
import { definitionChecks } from "../../../stacks/parts/definitions/doctor.ts";
import { ensureRepositories } from "../../../toolchain/repositories.ts";
import { said } from "../scripts/said.ts";
import { homeConfig } from "../stacks/sample.ts";
import { ApiServer, type Ended } from "./api-server.ts";
import type { SeenObject } from "./definition-schema.ts";
import { envoyVersion, everything, policiesAndRoutes } from "./gateway-objects.ts";
import { recordedHome } from "./home-recording.ts";
import { cluster } from "./storage-plan.ts";

const chart = (name: string): string =>
  new URL(`../../../lab/charts/${name}`, import.meta.url).pathname;

interface Manifest extends SeenObject {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Fields have types everywhere; what goes together the kinds say in CEL, which the API server alone evaluates. */
describe("custom resources at a real API", function () {
  // Twenty kinds with long schemas are established at once, for which a busy machine takes minutes.
  this.timeout(600_000);

  const api = new ApiServer();
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "homelab-rules-"));
    await api.start();
    const repositories = await ensureRepositories();
    const files = [gatewayApi("v1.6.1"), envoyGateway("v1.9.1")].flatMap((set) => set.files);
    const kinds = join(folder, "kinds.yaml");
    writeFileSync(kinds, await rendered("rook-ceph", ["--show-only", "templates/crds.yaml"]));
    const paths = [kinds, ...files.map(({ url }) => join(repositories, new URL(url).pathname))];
    await well(["apply", "--server-side", ...paths.flatMap((path) => ["-f", path])]);
    await well(["wait", "--for=condition=Established", "--timeout=300s", "crd", "--all"]);
  });
  after(async () => {
    await api.stop();
    rmSync(folder, { recursive: true });
  });

  /** What a chart of the lab makes; throws its refusal. */
  async function rendered(name: string, args: readonly string[]): Promise<string> {
    const at = ["--namespace", storageNamespace.name];
    const { code, output } = await api.run("helm", ["template", name, chart(name), ...at, ...args]);
    assert.equal(code, 0, output);
    return output;
  }

  async function well(args: readonly string[]): Promise<void> {
    const { code, output } = await api.run("kubectl", args);
    assert.equal(code, 0, output);
  }

  /** Has the API judge objects as it does before it stores them; a field that it does not know is an error. */
  async function judged(objects: readonly Manifest[]): Promise<Ended> {
    for (const namespace of new Set(objects.map(({ metadata }) => metadata.namespace)))
      if (namespace !== undefined) await api.run("kubectl", ["create", "namespace", namespace]);
    const args = ["create", "--dry-run=server", "--validate=strict", "-f", "-"];
    return api.run("kubectl", args, objects.map((one) => stringify(one)).join("---\n"));
  }

  async function taken(objects: readonly Manifest[]): Promise<void> {
    const { code, output } = await judged(objects);
    assert.equal(code, 0, output);
    assert.equal(output.match(/ created \(server dry run\)$/gm)?.length, objects.length);
  }

  const named = (object: SeenObject, index = 0): Manifest => ({
    ...object,
    metadata: { name: `${object.kind.toLowerCase()}-${index}`, namespace: "default" },
  });

  it("gateways, routes and policies of a site are taken", async () => {
    const groups = ["gateway.networking.k8s.io/", "gateway.envoyproxy.io/"];
    const { resources } = await recordedHome(everything);
    const objects = resources
      .map(({ plain }) => plain as unknown as Manifest)
      .filter(({ apiVersion = "" }: Partial<Manifest>) =>
        groups.some((group) => apiVersion.startsWith(group)),
      );
    assert.ok(objects.length > 10, String(objects.length));
    await taken(objects);
  });

  it("policies and routes with all that they can be told are taken", async () => {
    await taken(policiesAndRoutes.map(named));
  });

  it("a policy of two kinds of targets, and one that says nothing of its target, are refused by the kind's rules", async () => {
    const target = { group: "gateway.networking.k8s.io", kind: "Service", name: "photos" };
    for (const [spec, words] of [
      [{ targetRefs: [target] }, /this policy can only have a targetRefs/],
      [{}, /either targetRef or targetRefs/],
    ] as const) {
      const { code, output } = await judged([
        named({ apiVersion: envoyVersion, kind: "SecurityPolicy", spec }),
      ]);
      assert.notEqual(code, 0);
      assert.match(output, words);
    }
  });

  it("the doctor reads what the API says of the kinds, and misses those that are not there", async () => {
    const run: ClusterCommand = async (program, args) => {
      const { code, output } = await api.run(program, args);
      return { ok: code === 0, stdout: output, stderr: output };
    };
    const [check] = definitionChecks({ config: homeConfig(), isUp: true }, run);
    const text = said((await check?.run()) ?? []);
    assert.match(text, /^ok: kinds of Gateway API v1\.6\.1: all 10 are established and served$/m);
    assert.match(
      text,
      /^error: kinds of Tailscale's operator .*: connectors\.tailscale\.com is not/m,
    );
  });

  it("a Ceph with every kind of class is taken", async () => {
    const values = join(folder, "values.yaml");
    writeFileSync(values, stringify(clusterValues(cluster)));
    const text = await rendered("rook-ceph-cluster", ["-f", values]);
    const objects = parseAllDocuments(text)
      .map((document) => document.toJS() as Manifest | null)
      .filter((one) => one !== null)
      .filter(({ apiVersion }) => apiVersion.startsWith("ceph.rook.io/"));
    const kinds = new Set(objects.map(({ kind }) => kind));
    assert.deepEqual([...kinds].sort(), [
      ...["CephBlockPool", "CephCluster", "CephFilesystem", "CephFilesystemSubVolumeGroup"],
      "CephObjectStore",
    ]);
    await taken(objects);
  });

  it("a Ceph that mutes a warning which is none is refused by the kind's rule", async () => {
    const values = structuredClone(clusterValues(cluster)) as unknown as {
      cephClusterSpec: { healthCheck: { muteHealthWarning: Record<string, unknown> } };
    };
    values.cephClusterSpec.healthCheck.muteHealthWarning = { slow: { policy: "mute" } };
    const spec = values.cephClusterSpec;
    const { code, output } = await judged([
      named({ apiVersion: "ceph.rook.io/v1", kind: "CephCluster", spec }),
    ]);
    assert.notEqual(code, 0);
    assert.match(output, /muteHealthWarning: Invalid value/);
  });
});
