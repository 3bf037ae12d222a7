/** What a person should know before the Connector's pods begin anew. */
import { log, ResourceHook, type Resource } from "@pulumi/pulumi";
import type { ConnectorPlan } from "./connector.ts";

/** A Connector's class, or a first one, gives its pods another form. */
export function otherClass(before: unknown, after: unknown): boolean {
  return classOf(before) !== classOf(after);
}

const classOf = (inputs: unknown): string | undefined =>
  (inputs as { readonly spec?: { readonly proxyClass?: string } } | undefined)?.spec?.proxyClass;

/**
 * Of a Connector that has one device: its StatefulSet ends the pod before the next one begins, and who came through it is cut
 * off. Undefined where another device stands in for it.
 */
export function restartNotice({
  name,
  replicas,
}: Pick<ConnectorPlan, "name" | "replicas">): string | undefined {
  if (replicas > 1) return undefined;
  return (
    `${name} starts anew, and is the only way into the site's networks from the tailnet: whoever comes through it is cut off ` +
    "until its next pod is in the tailnet. Run up from the LAN; homelab:tailnet.connector.replicas: 2 avoids it where pods run on two hosts"
  );
}

/** A hook of a change after which the Connector's pods begin anew, where `changes` says so; in a preview too. */
export function tellsRestart(
  hook: string,
  connector: Pick<ConnectorPlan, "name" | "replicas">,
  parent: Resource,
  changes: (before: unknown, after: unknown) => boolean,
): ResourceHook {
  return new ResourceHook(
    hook,
    ({ oldInputs, newInputs }) => {
      const notice = restartNotice(connector);
      if (notice !== undefined && changes(oldInputs, newInputs)) void log.warn(notice, parent);
    },
    { onDryRun: true },
  );
}
