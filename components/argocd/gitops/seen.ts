import type { DoneStep } from "../../rke2/founded.ts";
import { objectText } from "../../workload/custody.ts";
import type { HandOverState, HandOverStep } from "./phase.ts";

/** Title of the steps of hand-overs; by it and their parameters a state tells of them. */
export const handOverTitle = "hand-over";

/** A resource of a stack as its last run left it. */
interface KnownResource {
  readonly type: string;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** What a state tells of hand-overs: from its resources, and from the steps that ran to their end. */
export function handOverState(
  resources: readonly KnownResource[],
  steps: readonly DoneStep[],
): HandOverState {
  return {
    steps: Object.fromEntries(
      steps.flatMap(({ title, parameters: { NAME, STEP } }) =>
        title === handOverTitle && NAME !== undefined && isStep(STEP) ? [[NAME, STEP]] : [],
      ),
    ),
    objects: resources
      .filter(({ type }) => type.startsWith("kubernetes:"))
      .flatMap(({ type, outputs }) => nameOf(type, outputs)),
  };
}

const isStep = (text: string | undefined): text is HandOverStep =>
  text === "take" || text === "leave" || text === "return";

function nameOf(type: string, outputs: Readonly<Record<string, unknown>>): readonly string[] {
  const { metadata = outputs, kind } = outputs as {
    readonly metadata?: Readonly<Record<string, unknown>>;
    readonly kind?: unknown;
  };
  const { namespace, name } = metadata;
  if (typeof namespace !== "string" || typeof name !== "string") return [];
  const called = type === "kubernetes:helm.sh/v3:Release" ? "Release" : kind;
  return typeof called === "string" ? [objectText({ kind: called, namespace, name })] : [];
}
