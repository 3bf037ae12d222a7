/** What a person should know before the Connector's pods begin anew. */
import { log, ResourceHook, type Resource } from "@pulumi/pulumi";
import { connectorDevices, type ConnectorPlan } from "./connector.ts";

/** A Connector's class, or a first one, gives its pods another form. */
export function otherClass(before: unknown, after: unknown): boolean {
  return classOf(before) !== classOf(after);
}

/** Another release of the operator's chart is another image for all that the operator makes (cmd/k8s-operator/sts.go, reconcileSTS). */
export function otherRelease(before: unknown, after: unknown): boolean {
  return releaseOf(before) !== releaseOf(after);
}

const releaseOf = (inputs: unknown): string | undefined =>
  (inputs as { readonly version?: string } | undefined)?.version;

const classOf = (inputs: unknown): string | undefined =>
  (inputs as { readonly spec?: { readonly proxyClass?: string } } | undefined)?.spec?.proxyClass;

/**
 * One device is away until the next pod has joined. Several do not stand in for each other: their pods have no readiness probe
 * (tailscale/tailscale v1.102.3 cmd/k8s-operator/deploy/manifests/proxy.yaml), so that a StatefulSet ends the next one as soon
 * as the program of the one before has started, and goes on though that one never joins.
 */
export function restartNotice(connector: Pick<ConnectorPlan, "name" | "replicas">): string {
  const devices = connectorDevices(connector);
  const what =
    devices.length === 1
      ? `${connector.name} starts anew, and is the only way into the site's networks from the tailnet: whoever comes through it is cut off until its next pod is in the tailnet`
      : `${devices.join(" and ")} start anew, and are the ways into the site's networks from the tailnet: the second does not wait until the first is in the tailnet again, and whoever comes through them is cut off for a while`;
  return `${what}. Run up from the LAN`;
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
      if (changes(oldInputs, newInputs)) void log.warn(restartNotice(connector), parent);
    },
    { onDryRun: true },
  );
}
