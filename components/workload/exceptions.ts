/** What a container does beyond the restricted profile and the house's own rules, each with its reason. */
import type { core } from "@pulumi/kubernetes/types/input.js";
import type { PodSecurity } from "./namespace.ts";

/** Each is a sentence that says why; it stands at the workload and at its namespace, for everybody who looks there. */
export interface Exceptions {
  /** Why it runs as root. */
  readonly root?: string;
  /** Why it writes to its root file system. */
  readonly writableRoot?: string;
  /** What it may do besides, and why. */
  readonly capabilities?: { readonly add: readonly string[]; readonly why: string };
}

/** Annotation of a workload and of a namespace: one for each container, `homelab/exceptions.vpn`. */
export const exceptionsAnnotation = (container: string): string =>
  `homelab/exceptions.${container}`;

/** What the profile `baseline` lets be added (https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline). */
const baseline: readonly string[] = [
  ...["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"],
  ...["NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"],
];

/** The strictest profile that admits a container with these exceptions. */
export function levelOf({ root, capabilities }: Exceptions): PodSecurity {
  const added = capabilities?.add ?? [];
  if (added.some((one) => !baseline.includes(one))) return "privileged";
  return root !== undefined || added.length > 0 ? "baseline" : "restricted";
}

const levels: readonly PodSecurity[] = ["restricted", "baseline", "privileged"];

/** The strictest profile that admits all of these. */
export function laxest(all: readonly PodSecurity[]): PodSecurity {
  return levels[Math.max(0, ...all.map((one) => levels.indexOf(one)))] ?? "restricted";
}

/** Exceptions as the annotation has them, a line each: `root: it sets up routes`. Undefined where there are none. */
export function exceptionsText({ root, writableRoot, capabilities }: Exceptions = {}):
  string | undefined {
  const lines = [
    ...(root === undefined ? [] : [`root: ${root}`]),
    ...(writableRoot === undefined ? [] : [`writableRoot: ${writableRoot}`]),
    ...(capabilities === undefined
      ? []
      : [`capabilities: ${capabilities.add.join(", ")}: ${capabilities.why}`]),
  ];
  return lines.length === 0 ? undefined : lines.join("\n");
}

/** Security of a container: restricted but for its exceptions. */
export function containerSecurity({
  root,
  writableRoot,
  capabilities,
}: Exceptions = {}): core.v1.SecurityContext {
  return {
    allowPrivilegeEscalation: false,
    capabilities: {
      drop: ["ALL"],
      ...(capabilities === undefined ? {} : { add: [...capabilities.add] }),
    },
    readOnlyRootFilesystem: writableRoot === undefined,
    ...(root === undefined ? {} : { runAsNonRoot: false, runAsUser: 0, runAsGroup: 0 }),
  };
}
