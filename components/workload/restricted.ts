import type { core, meta } from "@pulumi/kubernetes/types/input.js";
import type { Owner } from "../storage/claim.ts";

/** User and group that containers run as when their image names none that is its own. */
const nobody: Owner = { uid: 65532, gid: 65532 };

/**
 * Security of a pod under the restricted profile; files of its volumes belong to its group.
 * @see https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
 */
export function restrictedPod({ uid, gid } = nobody) {
  return {
    runAsNonRoot: true,
    runAsUser: uid,
    runAsGroup: gid,
    fsGroup: gid,
    seccompProfile: { type: "RuntimeDefault" },
  } satisfies core.v1.PodSecurityContext;
}

/**
 * The same of a pod with the volumes of a user's own. What a volume's first folder says of its owner is believed: the files of
 * a large one are not gone through at each start.
 */
export function ownersPod(owner: Owner) {
  return { ...restrictedPod(owner), fsGroupChangePolicy: "OnRootMismatch" };
}

/**
 * Security of a container under the restricted profile; its root file system is read-only. The profile lets back in one
 * capability alone.
 */
export function restrictedContainer(
  add: readonly "NET_BIND_SERVICE"[] = [],
): core.v1.SecurityContext {
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"], ...(add.length === 0 ? {} : { add: [...add] }) },
    readOnlyRootFilesystem: true,
  };
}

/** Labels of an application's objects; its pods are selected by the name. */
export function appLabels(name: string): Record<string, string> {
  return { "app.kubernetes.io/name": name, "app.kubernetes.io/managed-by": "pulumi" };
}

/** Selector of an application's pods; it cannot change while the Deployment stands. */
export function appSelector(name: string): meta.v1.LabelSelector {
  return { matchLabels: { "app.kubernetes.io/name": name } };
}
