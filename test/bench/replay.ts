/**
 * A program that registers the resources of a stack's state as they are, and does nothing else: no config, no requests,
 * no order but that of parents and providers. What its preview takes, no program with these resources can go below.
 *
 * The stack's export with secrets is `state.json` in the folder that the engine works in.
 */
import "../../stacks/lean-sdk.ts";
import {
  ComponentResource,
  CustomResource,
  ProviderResource,
  secret,
  type CustomResourceOptions,
  type Resource,
} from "@pulumi/pulumi";
import { getRootDirectory } from "@pulumi/pulumi/metadata.js";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** https://pkg.go.dev/github.com/pulumi/pulumi/sdk/v3/go/common/apitype#ResourceV3 */
interface Recorded {
  readonly urn: string;
  readonly type: string;
  readonly custom?: boolean;
  readonly parent?: string;
  /** URN and id of the provider, with `::` between. */
  readonly provider?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly additionalSecretOutputs?: string[];
  readonly ignoreChanges?: string[];
}

/** Marks a secret's object in a state; its `plaintext` is JSON. */
const secretKey = "4dabf18193072939515e22adb298388d";
const providerType = "pulumi:providers:";

class Recording extends CustomResource {}

class RecordedProvider extends ProviderResource {}

/** A property as a program would set it; names with `__` are the engine's and the providers' own. */
function value(recorded: unknown): unknown {
  if (Array.isArray(recorded)) return recorded.map(value);
  if (typeof recorded !== "object" || recorded === null) return recorded;
  const fields = recorded as Record<string, unknown>;
  if (secretKey in fields) return secret(JSON.parse(String(fields["plaintext"])));
  return properties(fields);
}

function properties(recorded: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const own = Object.entries(recorded).filter(([key]) => !key.startsWith("__"));
  return Object.fromEntries(own.map(([key, field]) => [key, value(field)]));
}

const { deployment } = JSON.parse(readFileSync(join(getRootDirectory(), "state.json"), "utf8")) as {
  deployment: { resources: readonly Recorded[] };
};
const made = new Map<string, Resource>();
for (const { urn, type, custom, parent, provider, inputs = {}, ...rest } of deployment.resources) {
  if (type === "pulumi:pulumi:Stack") continue;
  const name = urn.slice(urn.lastIndexOf("::") + 2);
  const above = made.get(parent ?? "");
  const props = properties(inputs);
  const from = made.get(provider?.slice(0, provider.lastIndexOf("::")) ?? "");
  const { additionalSecretOutputs = [], ignoreChanges = [] } = rest;
  const options: CustomResourceOptions = {
    ...(above === undefined ? {} : { parent: above }),
    ...(from instanceof ProviderResource ? { provider: from } : {}),
    additionalSecretOutputs,
    ignoreChanges,
  };
  if (type.startsWith(providerType)) {
    // A provider's version is an option; of other resources it is a property, as a chart's.
    const { version, ...own } = props;
    const pinned = typeof version === "string" ? { ...options, version } : options;
    made.set(urn, new RecordedProvider(type.slice(providerType.length), name, own, pinned));
  } else if (custom === true) made.set(urn, new Recording(type, name, props, options));
  else made.set(urn, new ComponentResource(type, name, {}, options));
}
