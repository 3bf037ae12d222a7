/** A stack's lock that nobody holds any more. */
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** Who holds a lock, as the engine's DIY backends tell it: `created by USER@HOST (pid N) at TIME`. */
export interface LockHolder {
  readonly user: string;
  readonly host: string;
  readonly pid: number;
}

/** Holders named in the text of a ConcurrentUpdateError. */
export function lockHolders(message: string): LockHolder[] {
  return [...message.matchAll(/created by (\S+)@(\S+) \(pid (\d+)\)/g)].map((match) => ({
    user: match[1] ?? "",
    host: match[2] ?? "",
    pid: Number(match[3]),
  }));
}

/** Whether a process of that id is a Pulumi engine; ids are used again by other programs. */
export function engineRuns(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "pulumi";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/**
 * Removes the lock when its holder was an engine on this host that no longer runs.
 * Throws when the holder lives, or is on another host where it cannot be looked at.
 */
export async function releaseStaleLock(
  stack: Stack,
  message: string,
  say: (text: string) => void,
): Promise<void> {
  const holders = lockHolders(message);
  if (holders.length === 0) throw new Error(message);
  for (const holder of holders) {
    if (holder.host !== hostname()) {
      throw new Error(
        `${stack.name} is being changed by ${holder.user} on ${holder.host} (pid ${holder.pid}); wait for it, or ` +
          `if that run is dead: pulumi cancel --stack ${stack.name}`,
      );
    }
    if (engineRuns(holder.pid)) {
      throw new Error(
        `${stack.name} is being changed by another run (pid ${holder.pid}); wait for it`,
      );
    }
  }
  // The engine's message comes twice in the error: on its own, and in the command's output.
  const pids = [...new Set(holders.map(({ pid }) => pid))];
  say(`repair: releasing the lock of a run that died (pid ${pids.join(", ")})`);
  await stack.cancel();
}
