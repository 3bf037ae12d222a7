import assert from "node:assert/strict";
import {
  knownOf,
  phaseOf,
  type HandOverFacts,
  type HandOverStep,
} from "../../../components/argocd/gitops/phase.ts";
import { handOverState } from "../../../components/argocd/gitops/seen.ts";

const steps: readonly (HandOverStep | undefined)[] = [undefined, "take", "leave", "return"];
const amounts: readonly HandOverFacts["known"][] = ["all", "some", "none"];

/** What a run does, by the step before and how much the state has. */
const table = (wanted: boolean) =>
  Object.fromEntries(
    steps.map((step) => [
      step ?? "nothing",
      amounts.map((known) => phaseOf({ wanted, step, known })),
    ]),
  );

describe("a hand-over", () => {
  it("is left only after a run in which Argo CD was seen to take it, or where there is nothing to leave", () => {
    assert.deepEqual(table(true), {
      nothing: ["offered", "offered", "left"],
      take: ["left", "left", "left"],
      leave: ["left", "left", "left"],
      return: ["offered", "offered", "left"],
    });
  });

  it("is returned until all is known again, and not while a leaving is half done", () => {
    assert.deepEqual(table(false), {
      nothing: ["own", "own", "own"],
      take: ["returned", "returned", "returned"],
      leave: ["cut off", "cut off", "returned"],
      return: ["own", "returned", "returned"],
    });
  });

  it("goes there in two runs and comes back in one, and the next one knows nothing of it", () => {
    let step: HandOverStep | undefined;
    let known: HandOverFacts["known"] = "all";
    const run = (wanted: boolean) => {
      const phase = phaseOf({ wanted, step, known });
      if (phase === "offered") step = "take";
      if (phase === "left") [step, known] = ["leave", "none"];
      if (phase === "returned") [step, known] = ["return", "all"];
      if (phase === "own") step = undefined;
      return phase;
    };
    const wishes = [false, true, true, true, false, false, true];
    const phases = ["own", "offered", "left", "left", "returned", "own", "offered"];
    assert.deepEqual(wishes.map(run), phases);
  });
});

describe("what a state tells of hand-overs", () => {
  it("are the steps that ran to their end, and the objects and releases that it has", () => {
    const metadata = { namespace: "wiki", name: "wiki" };
    const state = handOverState(
      [
        { type: "pulumi:pulumi:Stack", outputs: { name: "home", namespace: "no" } },
        {
          type: "kubernetes:helm.sh/v3:Release",
          outputs: { name: "reloader", namespace: "reloader", version: "2.2.16" },
        },
        { type: "kubernetes:apps/v1:Deployment", outputs: { kind: "Deployment", metadata } },
        { type: "kubernetes:core/v1:Namespace", outputs: { kind: "Namespace", metadata: {} } },
      ],
      [
        { title: "hand-over", machine: "a", parameters: { NAME: "reloader", STEP: "take" } },
        { title: "hand-over", machine: "a", parameters: { NAME: "wiki", STEP: "unheard-of" } },
        { title: "hand-over-forget", machine: "a", parameters: { NAME: "wiki" } },
      ],
    );
    assert.deepEqual(state.steps, { reloader: "take" });
    assert.deepEqual(state.objects, ["Release reloader/reloader", "Deployment wiki/wiki"]);
    assert.equal(knownOf(["Deployment wiki/wiki", "PodDisruptionBudget wiki/wiki"], state), "some");
  });
});
