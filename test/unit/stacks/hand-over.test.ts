import assert from "node:assert/strict";
import type { HandOverState } from "../../../components/argocd/gitops/phase.ts";
import { networkPolicies } from "../../../components/policies/rules.ts";
import { judgeHandOvers } from "../../../stacks/parts/argocd/look.ts";
import { crossCheck } from "../../../stacks/checks.ts";
import { policyPlan } from "../../../stacks/traffic.ts";
import { at } from "../components/at.ts";
import { recordedHome } from "../components/home-recording.ts";
import { siteDeps } from "../site-deps.ts";
import { argocdSite } from "./argocd-site.ts";
import { homeConfig, type Changes } from "./sample.ts";

/** Home with Argo CD, which has trees; `given` of reloader and of the application typeo, which needs no secret. */
function site(given: { readonly reloader?: boolean; readonly typeo?: boolean } = {}): Changes {
  return {
    ...argocdSite({ gitops: { repository: "home" }, applications: {} }),
    "apps.typeo.settings": undefined,
    ...(given.reloader === true ? { "reloader.gitops": "argocd" } : {}),
    ...(given.typeo === true ? { "apps.typeo.gitops": "argocd" } : {}),
  };
}
/** Milliseconds that the graph of a whole site may take on a busy machine. */
const patience = 120_000;
const both = { reloader: true, typeo: true };

const release = "Release reloader/reloader";
const objects = ["Deployment typeo/typeo", "PodDisruptionBudget typeo/typeo"];
const all = [release, ...objects];

/** What the program registers where the state tells so of hand-overs. */
function recorded(given: Parameters<typeof site>[0], handOvers: HandOverState) {
  const known = { machines: [], pools: [], pciMappings: [], usbMappings: [], handOvers };
  return recordedHome(site(given), { ...siteDeps, known: () => Promise.resolve(known) });
}
type Made = Awaited<ReturnType<typeof recorded>>;
const handed = ["reloader", "typeo-deployment", "typeo-budget"];
const kept = ["typeo-namespace", "typeo-service", "home-reloader-namespace"];

/** Parameters that a step's script is given. */
function parameters(made: Made, step: string): string {
  return String(made.get(`${step}-command`).plain["stdin"]).split("\n#")[0] ?? "";
}

describe("a site that hands something over", () => {
  it("is nothing that the checks refuse", () => {
    assert.deepEqual(crossCheck(homeConfig(site(both)), "home"), []);
  });

  it("lets Argo CD's reader reach the charts of what it brings, and of what it gives back", () => {
    const reaches = (changes: Changes) =>
      JSON.stringify(networkPolicies(policyPlan(homeConfig(changes)))).includes(
        '"matchName":"stakater.github.io"',
      );
    assert.ok(reaches(site(both)));
    assert.ok(reaches(site()));
    assert.ok(!reaches(argocdSite()), "without a repository of trees");
  });
});

describe("the first run that hands something over", function () {
  this.timeout(patience);
  let made: Made;
  before(async () => {
    made = await recorded(both, { steps: {}, objects: all });
  });

  it("registers all as before, and says to the state that it is to be retained", () => {
    for (const name of handed) assert.ok(made.get(name).options.retainOnDelete, name);
    for (const name of kept) assert.ok(!made.get(name).options.retainOnDelete, name);
  });

  it("has Argo CD take over what the state calls retained, and sees to it", () => {
    const app = made.get("home-hand-over-typeo-app");
    assert.equal(at(app.plain, "kind"), "Application");
    assert.equal(at(app.plain, "spec.source.path"), "gitops/home/typeo");
    assert.equal(at(app.plain, "metadata.finalizers"), undefined);
    const step = made.waitsFor("home-hand-over-typeo-step-command");
    for (const name of ["typeo-deployment", "typeo-budget", "home-hand-over-typeo-app"])
      assert.ok(step.has(name), name);
    assert.ok(step.has("home-argocd-project-site") && step.has("home-argocd-repository-home"));
    assert.match(parameters(made, "home-hand-over-typeo-step"), /^STEP='take'$/m);
    assert.match(
      parameters(made, "home-hand-over-typeo-step"),
      /^OBJECTS='Deployment typeo\/typeo\nPodDisruptionBudget typeo\/typeo'$/m,
    );
  });

  it("lets go of nothing", () => {
    assert.equal(made.find("home-hand-over-typeo-forget-command"), undefined);
  });
});

describe("the second run", function () {
  this.timeout(patience);
  let made: Made;
  before(async () => {
    made = await recorded(both, { steps: { reloader: "take", typeo: "take" }, objects: all });
  });

  it("no longer registers what Argo CD has, and keeps the namespace and what leads there", () => {
    for (const name of handed) assert.equal(made.find(name), undefined, name);
    for (const name of kept) made.get(name);
  });

  it("looks once more at Argo CD, and then takes its own traces off", () => {
    assert.match(parameters(made, "home-hand-over-reloader-step"), /^STEP='leave'$/m);
    const forget = "home-hand-over-reloader-forget";
    assert.match(parameters(made, forget), /^RELEASE='reloader reloader'$/m);
    assert.ok(made.waitsFor(`${forget}-command`).has("home-hand-over-reloader-step-command"));
    assert.match(parameters(made, "home-hand-over-typeo-forget"), /^RELEASE=''$/m);
  });
});

describe("a site that begins with Argo CD", function () {
  this.timeout(patience);
  it("has the program make nothing of what is handed over", async () => {
    const made = await recorded(both, { steps: {}, objects: [] });
    for (const name of handed) assert.equal(made.find(name), undefined, name);
    assert.ok(made.waitsFor("home-hand-over-typeo-app").has("typeo-namespace"));
  });
});

describe("the run that takes something back", function () {
  this.timeout(patience);
  const gone: HandOverState = { steps: { reloader: "leave", typeo: "leave" }, objects: [] };

  it("has Argo CD let go first, then takes over what stands there", async () => {
    const made = await recorded({}, gone);
    for (const name of handed) {
      const thing = name === "reloader" ? "reloader" : "typeo";
      assert.ok(made.waitsFor(name).has(`home-hand-over-${thing}-step-command`), name);
      assert.ok(!made.get(name).options.retainOnDelete, name);
      assert.ok(!made.waitsFor(name).has("argo-cd"), `${name} waits for Argo CD`);
    }
    assert.equal(made.get("typeo-deployment").options.importId, "typeo/typeo");
    assert.equal(made.get("typeo-budget").options.importId, "typeo/typeo");
    assert.equal(made.get("reloader").options.importId, "");
    assert.match(parameters(made, "home-hand-over-reloader-step"), /^STEP='return'$/m);
    assert.match(
      parameters(made, "home-hand-over-reloader-step"),
      /^RELEASE='reloader reloader'$/m,
    );
    assert.equal(made.find("home-hand-over-typeo-app"), undefined);
  });

  it("keeps Helm's record where the program never let go", async () => {
    const made = await recorded({}, { steps: { reloader: "take" }, objects: all });
    assert.match(parameters(made, "home-hand-over-reloader-step"), /^RELEASE=''$/m);
    assert.equal(made.get("typeo-deployment").options.importId, "");
    assert.equal(made.find("home-hand-over-typeo-step-command"), undefined);
  });

  it("is the last that knows of the hand-over", async () => {
    const steps = { reloader: "return", typeo: "return" } as const;
    const made = await recorded({}, { steps, objects: all });
    assert.ok(!made.resources.some(({ name }) => name.includes("hand-over")));
    assert.equal(made.get("typeo-deployment").options.importId, "");
  });

  it("works where Argo CD goes as well", async () => {
    const changes = { "apps.typeo.settings": undefined };
    const known = { machines: [], pools: [], pciMappings: [], usbMappings: [], handOvers: gone };
    const deps = { ...siteDeps, known: () => Promise.resolve(known) };
    const made = await recordedHome(changes, deps);
    assert.ok(made.waitsFor("reloader").has("home-hand-over-reloader-step-command"));
  });
});

describe("what stands against a hand-over", () => {
  const problems = (changes: Changes, state: HandOverState) =>
    judgeHandOvers({ name: "home", config: homeConfig(changes) }, state).problems.map(
      ({ path, text }) => `${path}: ${text}`,
    );

  it("is a leaving that was cut off, for whoever takes it back", () => {
    const state: HandOverState = { steps: { reloader: "leave" }, objects: all };
    assert.deepEqual(problems(site({ reloader: true }), state), []);
    assert.match(
      problems(site(), state).join(),
      /^homelab:reloader\.gitops: was cut off .* write argocd again and run npm run up -- --stack home once/,
    );
  });

  it("is taking away what Argo CD has", () => {
    const state: HandOverState = { steps: { reloader: "leave", typeo: "take" }, objects: [] };
    const changes = { ...site(), "reloader.enabled": false, "apps.typeo": undefined };
    assert.match(
      problems(changes, state).join("\n"),
      /^homelab:reloader: Argo CD has it.*\nhomelab:apps\.typeo: .* put it back without gitops/,
    );
    const back: HandOverState = { steps: { reloader: "return" }, objects: [] };
    assert.deepEqual(problems(changes, back), []);
  });
});
