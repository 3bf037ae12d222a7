import type { SeenMap } from "./seen.ts";

/** A resource as a rule sees it, with its inputs after the provider has checked them. */
export interface SeenResource {
  /** Type token: `kubernetes:apps/v1:Deployment`. */
  readonly type: string;
  /** Name that the program gave it. */
  readonly name: string;
  readonly inputs: SeenMap;
  readonly options: { readonly deleteBeforeReplace?: boolean };
}

/** What stands against a resource: where in its inputs, what is wrong, and what to do. Never a secret. */
export type Finding = string;

interface Named {
  /** Kebab-case; people see it with each finding. */
  readonly name: string;
  /** What must hold, and why. */
  readonly description: string;
}

/** A rule that one resource alone keeps or breaks. */
export interface ResourceRule extends Named {
  readonly judge: (resource: SeenResource) => readonly Finding[];
}

/** A rule about what resources are to each other. */
export interface StackRule extends Named {
  readonly judge: <R extends SeenResource>(
    resources: readonly R[],
  ) => readonly { readonly resource: R; readonly finding: Finding }[];
}
