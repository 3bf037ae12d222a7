/**
 * Runs in the lab: brings a stack up by the Automation API and writes what happened when, for the critical path.
 *
 *   record-up.ts STACK RESULT.json
 */
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { writeFile } from "node:fs/promises";
import { selectStack } from "../../scripts/site-stack.ts";
import type { Dependencies, Step } from "./critical-path.ts";

/** A bring-up, as `record-up.ts` writes it. */
export interface BringUp {
  /** Milliseconds. */
  readonly duration: number;
  readonly steps: readonly Step[];
  readonly dependencies: readonly (readonly [urn: string, waitsFor: readonly string[]])[];
  readonly nodes: readonly string[];
}

interface StoredResource {
  readonly urn: string;
  readonly parent?: string;
  readonly provider?: string;
  readonly dependencies?: readonly string[];
  readonly propertyDependencies?: Readonly<Record<string, readonly string[] | null>>;
}

/** What each resource of a stack's state waits for: its inputs, what it names, its parent, its provider. */
export function dependenciesOf(resources: readonly StoredResource[]): Dependencies {
  return new Map(
    resources.map(({ urn, parent, provider, dependencies = [], propertyDependencies = {} }) => {
      const named = Object.values(propertyDependencies).flatMap((urns) => urns ?? []);
      // A provider reference is its URN and its id.
      const providers =
        provider === undefined ? [] : [provider.slice(0, provider.lastIndexOf("::"))];
      const parents = parent === undefined ? [] : [parent];
      return [urn, [...new Set([...dependencies, ...named, ...parents, ...providers])]];
    }),
  );
}

/** Collects the start and end of every operation that does something. */
export class StepRecorder {
  readonly steps: Step[] = [];
  readonly #now: () => number;
  readonly #started = new Map<string, number>();

  /** `now` gives milliseconds since the bring-up began. */
  constructor(now: () => number) {
    this.#now = now;
  }

  readonly listen = ({ resourcePreEvent, resOutputsEvent }: EngineEvent): void => {
    const before = resourcePreEvent?.metadata;
    if (before !== undefined && before.op !== "same") this.#started.set(before.urn, this.#now());
    const after = resOutputsEvent?.metadata;
    const start = after === undefined ? undefined : this.#started.get(after.urn);
    if (after === undefined || start === undefined) return;
    const name = after.urn.slice(after.urn.lastIndexOf("::") + 2);
    this.steps.push({ urn: after.urn, type: after.type, name, start, end: this.#now() });
  };
}

/**
 * Whether a step is work of its own: components end with their last child, the stack with everything, and the engine makes
 * a default provider in between, when the first resource asks for it.
 */
export function hasWork({ type, name }: Pick<Step, "type" | "name">): boolean {
  if (type.startsWith("pulumi:providers:")) return !name.startsWith("default_");
  return !/^(homelab:|pulumi:pulumi:)/.test(type);
}

if (import.meta.main) {
  const [name, result] = process.argv.slice(2);
  if (name === undefined || result === undefined) throw new Error("record-up.ts STACK RESULT.json");
  const stack = await selectStack(name);
  const begun = performance.now();
  const recorder = new StepRecorder(() => performance.now() - begun);
  const { outputs } = await stack.up({
    onEvent: recorder.listen,
    onOutput: (text) => process.stderr.write(text),
  });
  const duration = performance.now() - begun;
  const { deployment } = (await stack.exportStack()) as {
    deployment: { resources: readonly StoredResource[] };
  };
  const bringUp: BringUp = {
    duration,
    steps: recorder.steps.filter(hasWork),
    dependencies: [...dependenciesOf(deployment.resources)],
    nodes: (outputs["nodes"]?.value as readonly { name: string }[]).map((node) => node.name),
  };
  await writeFile(result, JSON.stringify(bringUp));
}
