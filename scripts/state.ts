/** Reads what the scripts need out of an exported deployment. */
import type { Deployment, Stack } from "@pulumi/pulumi/automation/index.js";

/** One resource as the state holds it; inputs and outputs are decrypted by the export. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  /** When the state first had it, RFC 3339. */
  readonly created?: string;
  /** Why its last creation or change did not come to its end; its outputs are what was planned. */
  readonly initErrors?: readonly string[];
  /** URNs of what it depends on. */
  readonly dependencies?: readonly string[];
  /** URN of what takes it along when it is deleted. */
  readonly deletedWith?: string;
  readonly parent?: string;
  /** URN of its provider and, behind `::`, the provider's id. */
  readonly provider?: string;
  /** Whether it is gone already and another of its URN is to be made. */
  readonly pendingReplacement?: boolean;
}

/** Name that the program gave a resource. */
export const nameOf = ({ urn }: Pick<StateResource, "urn">): string =>
  urn.split("::").at(-1) ?? urn;

export interface PendingOperation {
  readonly type: "creating" | "updating" | "deleting" | "reading" | "importing";
  readonly resource: StateResource;
}

/** Deployment schema version 3: https://www.pulumi.com/docs/iac/concepts/state-and-backends/ */
interface DeploymentV3 {
  resources?: StateResource[];
  pending_operations?: PendingOperation[];
}

export interface StackState {
  readonly deployment: Deployment;
  readonly resources: readonly StateResource[];
  readonly pending: readonly PendingOperation[];
}

export async function readState(stack: Pick<Stack, "exportStack">): Promise<StackState> {
  const deployment = await stack.exportStack();
  const body = (deployment.deployment ?? {}) as DeploymentV3;
  return {
    deployment,
    resources: body.resources ?? [],
    pending: body.pending_operations ?? [],
  };
}

/** Ids that the state knows; Cloudflare's may stand behind the account's or zone's. */
export function knownIds({ resources }: Pick<StackState, "resources">): ReadonlySet<string> {
  return new Set(resources.flatMap(({ id = "" }) => [id, id.split("/").at(-1) ?? id]));
}

/** The same deployment without its pending operations. */
export function withoutPending(deployment: Deployment): Deployment {
  const body = { ...(deployment.deployment as DeploymentV3) };
  delete body.pending_operations;
  return { ...deployment, deployment: body };
}

/** Marks a secret in an export: https://www.pulumi.com/docs/iac/concepts/secrets/ */
const secretSignature = "4dabf18193072939515e22adb298388d";

/** A value as the program gave it: secrets in it are unwrapped, and undefined where the export has them encrypted. */
function unwrapped(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(unwrapped);
  if (!(secretSignature in value))
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, unwrapped(one)]));
  const plain = (value as { plaintext?: unknown }).plaintext;
  return typeof plain === "string" ? unwrapped(JSON.parse(plain)) : undefined;
}

/** An input as the program gave it, secrets in plain. Undefined when it is absent. */
export function plainInput(resource: StateResource, name: string): unknown {
  return unwrapped(resource.inputs?.[name]);
}

/** The same where it is a string; undefined otherwise. */
export function stringInput(resource: StateResource, name: string): string | undefined {
  const value = plainInput(resource, name);
  return typeof value === "string" ? value : undefined;
}

/** The resource that stands for the stack itself; undefined before the first `up`. */
export function rootOf({ resources }: Pick<StackState, "resources">): StateResource | undefined {
  return resources.find(({ type }) => type === "pulumi:pulumi:Stack");
}

/**
 * The stack's outputs, secrets in plain; none before the first `up`. The export has them: `pulumi stack output` would be two
 * further processes, one for which of them are secret, each of which derives the key of the secrets anew.
 */
export function stackOutputs(
  state: Pick<StackState, "resources">,
): Readonly<Record<string, unknown>> {
  return unwrapped(rootOf(state)?.outputs ?? {}) as Record<string, unknown>;
}

/** Inputs of the provider `pulumi:providers:<name>` of this stack, if the state has one. */
export function provider(state: StackState, name: string): StateResource | undefined {
  return state.resources.find((resource) => resource.type === `pulumi:providers:${name}`);
}
