/** What failed in a run, from the engine's events. */
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import type { StateResource } from "../state.ts";

/** One resource that failed; or, without a URN, something that is no resource's. */
export interface Failure {
  readonly urn?: string;
  /** Type token such as `tailscale:index/acl:Acl`; empty without a URN. */
  readonly type: string;
  /** The resource's name, for people. */
  readonly name: string;
  /** What the engine was at, such as `create` or `delete`; undefined when it did not get that far. */
  readonly op?: string;
  /** What it should have become, or what should have gone; its secrets are masked. */
  readonly resource?: StateResource;
  /** Everything that was said about it. */
  readonly text: string;
}

/**
 * What the engine says and no resource has caused: its closing line, and that a rule of the policy pack was not judged because
 * the run ends for another failure (pulumi, pkg/resource/deploy/step_generator.go).
 */
const aside = [
  /^(update|preview|refresh|destroy) failed\s*$/,
  /^failed to (run remediation|run policy|get analyzer info): .*\bcontext canceled\s*$/,
];

/** Collects the failures of one run. */
export class FailureLog {
  readonly #said = new Map<string, string[]>();
  readonly #ops = new Map<string, { readonly op: string; readonly resource?: StateResource }>();

  /** Takes one event; the form of the Automation API's `onEvent`. */
  readonly listen = ({ diagnosticEvent, resOpFailedEvent }: EngineEvent): void => {
    if (
      diagnosticEvent?.severity === "error" &&
      !aside.some((one) => one.test(diagnosticEvent.message))
    ) {
      const urn = diagnosticEvent.urn ?? "";
      this.#said.set(urn, [...(this.#said.get(urn) ?? []), diagnosticEvent.message]);
    }
    if (resOpFailedEvent !== undefined) {
      const { urn, op, old, new: wanted } = resOpFailedEvent.metadata;
      // Either is null where the engine has none.
      const resource = wanted ?? old ?? undefined;
      this.#ops.set(urn, { op, ...(resource === undefined ? {} : { resource }) });
      if (!this.#said.has(urn)) this.#said.set(urn, []);
    }
  };

  /** One failure a resource, in the order in which they were first told. */
  get failures(): readonly Failure[] {
    return [...this.#said].map(([urn, texts]) => {
      const [, , type = "", name = ""] = urn.split("::");
      return {
        ...(urn === "" ? {} : { urn }),
        type: type.split("$").at(-1) ?? "",
        name,
        ...this.#ops.get(urn),
        text: texts.join("\n"),
      };
    });
  }
}
