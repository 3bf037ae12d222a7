/**
 * How far a hand-over to Argo CD is, and what the next run does of it. Pulumi deletes what a program no longer registers,
 * but for what its state calls retained (pulumi/pkg resource/deploy/step.go, DeleteStep.Apply: `s.old.RetainOnDelete`). So
 * one run says so and sees Argo CD take over, and the next one leaves. The state itself remembers: by the step of the
 * hand-over that ran last, which begins only after what it speaks for.
 */

/** What a step of a hand-over was for. */
export type HandOverStep = "take" | "leave" | "return";

/** What a stack's state tells of its hand-overs. */
export interface HandOverState {
  /** The step that ran to its end last, by the name of what is handed over. */
  readonly steps: Readonly<Record<string, HandOverStep>>;
  /** Objects and releases of the cluster that the state has, as `objectText` calls them. */
  readonly objects: readonly string[];
}

/**
 * - `own`: the program's alone;
 * - `offered`: registered, to be retained; Argo CD takes it over, and is seen to;
 * - `left`: Argo CD's alone; the program forgets what it still knows of it;
 * - `returned`: Argo CD lets go, then the program registers it again and takes over what stands there.
 */
export type Phase = "own" | "offered" | "left" | "returned";

/** What is known of one thing before a run. */
export interface HandOverFacts {
  /** Whether the config gives it to Argo CD. */
  readonly wanted: boolean;
  readonly step: HandOverStep | undefined;
  /** How much of what it brings the state has. */
  readonly known: "all" | "some" | "none";
}

/**
 * What a run does. A new site's is `left` from the start, for the program has nothing to forget. `cut off` is a leaving of
 * which only a part was done: it has to end before anything can be taken back.
 */
export function phaseOf({ wanted, step, known }: HandOverFacts): Phase | "cut off" {
  if (wanted) return step === "take" || step === "leave" || known === "none" ? "left" : "offered";
  if (step === undefined) return "own";
  if (step === "leave" && known !== "none") return "cut off";
  return step === "return" && known === "all" ? "own" : "returned";
}

/** How much of some objects a state has. */
export function knownOf(objects: readonly string[], state: HandOverState): HandOverFacts["known"] {
  const count = objects.filter((object) => state.objects.includes(object)).length;
  return count === 0 ? "none" : count === objects.length ? "all" : "some";
}
