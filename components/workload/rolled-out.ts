import { scriptText } from "../remote/shell.ts";

/** Functions by which steps see that pods run as they were declared last; see scripts/rolled-out.sh. */
export const rolledOutScript = scriptText(import.meta.url, "rolled-out.sh");

/**
 * How a DaemonSet of a release that the program proves itself is changed: on three of four machines at a time, because
 * machines that are away count among them (kubernetes, pkg/controller/daemon/update.go). With the usual one at a time, one that
 * is away would keep the new form from all others.
 */
export const daemonSetUpdates = {
  type: "RollingUpdate",
  rollingUpdate: { maxUnavailable: "75%" },
} as const;
