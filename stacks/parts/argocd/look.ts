import {
  knownOf,
  phaseOf,
  type HandOverState,
  type Phase,
} from "../../../components/argocd/gitops/phase.ts";
import type { Problem } from "../../../components/problem.ts";
import type { Judged } from "../../config/problem.ts";
import type { SiteFile } from "../../open-site.ts";
import { handable, objectsOf, type Handable } from "./handable.ts";

/** How far a hand-over is. */
export interface FoundHandOver {
  readonly phase: Phase;
  /** What stands in the cluster and not in the state, and is to be taken over. */
  readonly adopts: readonly string[];
}

/** Hand-overs by the name of what is handed over. */
export type FoundHandOvers = Readonly<Record<string, FoundHandOver>>;

const nothing: HandOverState = { steps: {}, objects: [] };

/** What this run does of the site's hand-overs: nobody but the state is asked. */
export function judgeHandOvers(
  { name: stack, config }: SiteFile,
  state: HandOverState = nothing,
): Judged<FoundHandOvers> {
  const all = handable(config);
  const judged = all.map((one) => {
    const { name } = one.tree;
    const objects = objectsOf(one);
    const step = state.steps[name];
    const phase = phaseOf({ wanted: one.wanted, step, known: knownOf(objects, state) });
    const adopts =
      step === undefined ? [] : objects.filter((object) => !state.objects.includes(object));
    return { one, phase, adopts };
  });
  return {
    found: Object.fromEntries(
      judged.flatMap(({ one, phase, adopts }) =>
        phase === "cut off" ? [] : [[one.tree.name, { phase, adopts }]],
      ),
    ),
    problems: [
      ...judged.filter(({ phase }) => phase === "cut off").map(({ one }) => cutOff(one, stack)),
      ...abandoned(all, state),
    ],
    notes: judged.flatMap(({ one, phase }) => note(one.tree.name, phase)),
  };
}

function cutOff({ path }: Handable, stack: string): Problem {
  const text = `was cut off while the program let go of it, and Helm may not know it any more; write argocd again and run npm run up -- --stack ${stack} once, then take it back`;
  return { path: `${path}.gitops`, text };
}

/** Nobody would delete what Argo CD has brought. */
function abandoned(all: readonly Handable[], { steps }: HandOverState): readonly Problem[] {
  const known = new Set(all.map(({ tree: { name } }) => name));
  return Object.entries(steps)
    .filter(([name, step]) => step !== "return" && !known.has(name))
    .map(([name]) => ({
      path: name === "reloader" ? "homelab:reloader" : `homelab:apps.${name}`,
      text: "Argo CD has it, and would leave it behind: put it back without gitops and run up, then take it away",
    }));
}

function note(name: string, phase: Phase | "cut off"): readonly string[] {
  switch (phase) {
    case "offered":
      return [
        `${name}: this run gives it to Argo CD; run up once more, and the program lets go of it`,
      ];
    case "returned":
      return [`${name}: this run takes it back from Argo CD`];
    case "own":
    case "left":
    case "cut off":
      return [];
  }
}
