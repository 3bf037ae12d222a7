/** Runs again what failed for a reason that passes or that can be put right. */
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { setTimeout as delay } from "node:timers/promises";
import { FailureLog, type Failure } from "./failures.ts";

/** What one failure calls for: another run, perhaps after some work, or words for the person. */
export type Cure =
  | {
      readonly kind: "again";
      /** Why the run failed; said before it is repeated. */
      readonly why: string;
      /** Done before the next run. */
      readonly before?: () => Promise<void>;
    }
  | { readonly kind: "advice"; readonly text: string };

/** Recognises a failure; undefined when it is another's. */
export type Remedy = (failure: Failure) => Cure | undefined;

export interface RetryDeps {
  /** Done after each run that failed, whether another follows or not; what it throws ends all. */
  readonly settle: (failures: readonly Failure[]) => Promise<void>;
  readonly pause: (milliseconds: number) => Promise<unknown>;
  /** Milliseconds, growing. */
  readonly now: () => number;
}

const nothing = (): Promise<void> => Promise.resolve();

/** Pauses before the second and later tries, in seconds. */
const pauses = [5, 15, 40, 90] as const;
/** No further try begins later than this after the first failure, in seconds. */
const limit = 300;

/**
 * Runs `run`; after a failure again, at most five times and five minutes, when every single failure has a cure that says
 * so. Any failure beside them ends it at once with its error.
 */
export async function withRetry<T>(
  run: (onEvent: (event: EngineEvent) => void) => Promise<T>,
  remedies: readonly Remedy[],
  say: (text: string) => void,
  deps: Partial<RetryDeps> = {},
): Promise<T> {
  const { settle = nothing, pause: rest = delay, now = () => performance.now() } = deps;
  let deadline: number | undefined;
  for (let attempt = 0; ; attempt += 1) {
    const log = new FailureLog();
    try {
      return await run(log.listen);
    } catch (error) {
      deadline ??= now() + limit * 1000;
      const { failures } = log;
      const cures = failures.map((failure) => cureOf(failure, remedies));
      for (const text of advice(cures)) say(text);
      await settle(failures);
      const again = cures.filter((cure) => cure?.kind === "again");
      if (again.length === 0 || again.length < cures.length) throw error;
      const pause = pauses[attempt];
      const why = again.map((cure) => cure.why).join("; ");
      if (pause === undefined || now() + pause * 1000 > deadline) {
        say(`gave up after ${attempt + 1} tries: ${why}`);
        throw error;
      }
      say(`${why}; trying again in ${pause} s (try ${attempt + 2} of ${pauses.length + 1})`);
      await rest(pause * 1000);
      for (const { before } of again) await before?.();
    }
  }
}

function cureOf(failure: Failure, remedies: readonly Remedy[]): Cure | undefined {
  for (const remedy of remedies) {
    const cure = remedy(failure);
    if (cure !== undefined) return cure;
  }
  return undefined;
}

function advice(cures: readonly (Cure | undefined)[]): string[] {
  return cures.flatMap((cure) => (cure?.kind === "advice" ? [cure.text] : []));
}
