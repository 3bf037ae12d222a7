import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { Release } from "@pulumi/kubernetes/helm/v3/release.js";
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1/podDisruptionBudget.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation/index.js";
import { handOverOptions } from "../../../components/argocd/gitops/hand-over.ts";
import type { Phase } from "../../../components/argocd/gitops/phase.ts";
import type { ObjectName } from "../../../components/workload/custody.ts";
import { workloadBudget, workloadDeployment } from "../../../components/workload/objects.ts";
import { installPlugins } from "../../../lab/plugins/install.ts";
import type { Tools } from "../../../toolchain/tools.ts";
import { reloaderRelease } from "../../../components/workload/reloader.ts";
import { ApiServer } from "./api-server.ts";

const chart = new URL("../../../lab/charts/reloader", import.meta.url).pathname;
const object = { namespace: "wiki", name: "wiki" };
const names = {
  release: { kind: "Release", namespace: "reloader", name: "reloader" },
  deployment: { kind: "Deployment", ...object },
  budget: { kind: "PodDisruptionBudget", ...object },
};
const all = ["Release reloader/reloader", "Deployment wiki/wiki", "PodDisruptionBudget wiki/wiki"];

describe("a hand-over, by the real engine at a real API", function () {
  this.timeout(300_000);

  const api = new ApiServer();
  const folder = mkdtempSync(join(tmpdir(), "homelab-engine-"));
  let phase: Phase = "own";
  let adopts: readonly string[] = [];
  let stack: Stack;

  /** What is handed over, registered as a phase has it; nothing here waits for pods, of which this API has none. */
  function program(): Promise<void> {
    if (phase === "left") return Promise.resolve();
    const provider = new Provider("kubernetes", { kubeconfig: api.kubeconfig });
    const optionsOf = (name: ObjectName): CustomResourceOptions => ({
      provider,
      ...(phase === "offered" || phase === "returned" ? handOverOptions(phase, adopts, name) : {}),
    });
    const { repo, ...release } = reloaderRelease("2.2.16");
    assert.ok(repo, "the chart comes from a folder here, and from a repository at home");
    new Release("reloader", { ...release, chart, skipAwait: true }, optionsOf(names.release));
    const pods = { app: "wiki", replicas: 2, container: { image: "ghcr.io/example/wiki:v1" } };
    const { metadata, spec } = workloadDeployment(pods);
    const annotations = { "pulumi.com/skipAwait": "true" };
    new Deployment(
      "wiki-deployment",
      { metadata: { ...metadata, annotations }, spec },
      optionsOf(names.deployment),
    );
    const budget = workloadBudget("wiki", { maxUnavailable: 1 });
    new PodDisruptionBudget("wiki-budget", budget, optionsOf(names.budget));
    return Promise.resolve();
  }

  before(async () => {
    const given = process.env["HOMELAB_TEST_TOOLS"];
    assert.ok(given, "run the tests by `npm test`: it makes the tools ready");
    const tools = JSON.parse(given) as Tools;
    const [pulumiHome, state] = [join(folder, "home"), join(folder, "state")];
    mkdirSync(state);
    await api.start();
    await installPlugins({ pulumiHome, toolsBin: tools.bin, standIns: tools });
    for (const namespace of ["reloader", "wiki"])
      await api.until("kubectl", ["create", "namespace", namespace]);
    stack = await LocalWorkspace.createOrSelectStack(
      { stackName: "home", projectName: "homelab", program },
      {
        pulumiHome,
        envVars: {
          PULUMI_BACKEND_URL: `file://${state}`,
          PULUMI_CONFIG_PASSPHRASE: "",
          PULUMI_SKIP_UPDATE_CHECK: "true",
          PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        },
      },
    );
  });
  after(async () => {
    await api.stop();
    rmSync(folder, { recursive: true });
  });

  /** What a run in a phase changes, by kind of change. */
  async function up(
    next: Phase,
    taken: readonly string[] = [],
  ): Promise<Readonly<Record<string, number>>> {
    [phase, adopts] = [next, taken];
    const { summary } = await stack.up();
    const changed = { ...summary.resourceChanges };
    delete changed.same;
    return changed;
  }

  /** Every object that was brought, with what tells it from another of its name. */
  async function objects(): Promise<string> {
    const kinds = "deployments,poddisruptionbudgets,serviceaccounts,roles,rolebindings";
    const path = "jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.uid}{'\\n'}{end}";
    const { code, output } = await api.run("kubectl", ["get", kinds, "-A", "-o", path]);
    assert.equal(code, 0, output);
    return output;
  }
  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const { code, output } = await api.run("kubectl", args);
    assert.equal(code, 0, output);
    return output;
  };
  const known = async (): Promise<readonly string[]> => {
    const state = (await stack.exportStack()).deployment as {
      readonly resources?: readonly { readonly urn: string }[];
    };
    const { resources = [] } = state;
    return resources.map(({ urn }) => urn.split("::").at(-1) ?? "");
  };
  let first: string;

  it("leaves what the state calls retained as it is, object for object", async () => {
    await up("own");
    first = await objects();
    assert.match(first, /Deployment reloader [\s\S]*Deployment wiki /);
    assert.deepEqual(await up("offered"), {});
    const { delete: gone } = await up("left");
    assert.equal(gone, 4, "the provider goes as well");
    assert.ok(!(await known()).some((name) => /reloader|wiki/.test(name)));
    assert.equal(await objects(), first);
  });

  it("takes back what stands there, and brings it to what the program says", async () => {
    // Argo CD's image is newer, and its field belongs to nobody any more; Helm's record is gone.
    const image = '{"spec":{"template":{"spec":{"containers":[{"name":"wiki","image":"x:v2"}]}}}}';
    await kubectl(
      "patch",
      "deployment",
      "wiki",
      "-n",
      "wiki",
      "-p",
      image,
      "--field-manager=before-first-apply",
    );
    await kubectl("delete", "secrets", "-n", "reloader", "-l", "owner=helm");
    await up("returned", all);
    assert.deepEqual((await known()).filter((name) => /reloader|wiki/.test(name)).sort(), [
      "reloader",
      "wiki-budget",
      "wiki-deployment",
    ]);
    assert.equal(await objects(), first);
    const path = "jsonpath={.spec.template.spec.containers[0].image}";
    assert.equal(
      await kubectl("get", "deployment", "wiki", "-n", "wiki", "-o", path),
      "ghcr.io/example/wiki:v1",
    );
    assert.deepEqual(await up("own"), {});
    assert.equal(await objects(), first);
  });
});
