import type { Input } from "@pulumi/pulumi";
import { fingerprintAnnotation } from "../workload/fingerprint.ts";
import type { NamespacePlan } from "../workload/namespace.ts";

/** Namespace of Connect and its operator; the chart's pods keep to the restricted profile since 2.3.0. */
export const onePasswordNamespace: NamespacePlan = { name: "onepassword" };

/** Where the connect chart is: https://developer.1password.com/docs/connect/ */
export const connectCharts = "https://1password.github.io/connect-helm-charts";

/**
 * Secret with the file that makes a Connect server what it is. The chart mounts it as a file since 2.3.0: it holds the file
 * as it is, not its base64, which older charts wanted because they put it into a variable.
 * @see https://github.com/1Password/connect-helm-charts/pull/196
 */
export const credentialsSecret = { name: "op-credentials", key: "1password-credentials.json" };

/** Secret with the operator's access token. */
export const tokenSecret = { name: "onepassword-token", key: "token" };

export interface ConnectPlan {
  /** Seconds between two looks for changed items. */
  readonly pollSeconds: number;
  /** Namespaces that the operator serves; all of them when left out. They must exist before the release. */
  readonly namespaces?: readonly string[];
  /** Marks of the two Secrets: neither a variable nor a file mounted by `subPath` follows a changed Secret. */
  readonly marks: { readonly credentials: Input<string>; readonly token: Input<string> };
}

/**
 * Values of the connect chart: Connect with its operator. The operator restarts nobody: it knows Deployments only, and what
 * Reloader does for all kinds would happen to them twice.
 * @see https://github.com/1Password/connect-helm-charts/blob/connect-2.4.1/charts/connect/values.yaml
 */
export function connectValues(plan: ConnectPlan): Record<string, unknown> {
  const { pollSeconds, namespaces = [], marks } = plan;
  const mark = (value: Input<string>) => ({ [fingerprintAnnotation]: value });
  return {
    connect: {
      credentialsName: credentialsSecret.name,
      credentialsKey: credentialsSecret.key,
      api: { resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "256Mi" } } },
      sync: {
        resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "256Mi" } },
      },
      podAnnotations: mark(marks.credentials),
    },
    operator: {
      create: true,
      autoRestart: false,
      pollingInterval: pollSeconds,
      watchNamespace: [...namespaces],
      token: tokenSecret,
      resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "256Mi" } },
      podAnnotations: mark(marks.token),
    },
  };
}
