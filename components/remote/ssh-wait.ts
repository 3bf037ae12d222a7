import { setTimeout as pause } from "node:timers/promises";
import { probeHostKey, type ProbeResult } from "./host-key-probe.ts";

/** A machine whose SSH is awaited. */
export interface SshTarget {
  /** Name for people. */
  readonly machine: string;
  readonly host: string;
  readonly port: number;
  /** The host key it must show: `ssh-ed25519 AAAA...`. */
  readonly hostKey: string;
  /** How long to wait, in seconds. */
  readonly limitSeconds: number;
}

/** Parts that tests replace. */
export interface WaitDeps {
  readonly probe: (host: string, port: number, timeoutMs: number) => Promise<ProbeResult>;
  /** Milliseconds, growing. */
  readonly now: () => number;
  readonly pause: (milliseconds: number) => Promise<unknown>;
  /** Tells a person what is waited for. */
  readonly tell: (text: string) => void;
}

const attemptMs = 5_000;
const betweenMs = 500;
const tellEveryMs = 15_000;

/**
 * Waits until the machine's SSH server shows the expected host key. Fails with the reason when the time is over, also
 * if the server accepts TCP and says nothing, and at once when it shows another key: waiting would not change that.
 */
export async function waitForSsh(target: SshTarget, deps: Partial<WaitDeps> = {}): Promise<void> {
  const {
    probe = probeHostKey,
    now = Date.now,
    pause: wait = pause,
    tell = () => undefined,
  } = deps;
  const where = `${target.machine} (${target.host}:${target.port})`;
  const started = now();
  let told = started;
  for (;;) {
    const result = await probe(target.host, target.port, attemptMs);
    if (result.state === "ready") {
      if (result.hostKey === keyOf(target.hostKey)) return;
      throw new Error(
        `${where} shows another SSH host key than the one this site gave it; nothing was sent. Another machine may ` +
          `use the address (ip neigh show ${target.host}), or the machine was rebuilt by hand.`,
      );
    }
    const elapsed = now() - started;
    if (elapsed >= target.limitSeconds * 1000) {
      throw new Error(
        `SSH of ${where} did not answer within ${target.limitSeconds} s: ${result.reason}. ` +
          "Look at the machine's console in Proxmox: it may not have booted, or not have its address.",
      );
    }
    if (now() - told >= tellEveryMs) {
      told = now();
      tell(
        `waiting for SSH of ${where}, ${Math.round(elapsed / 1000)} of ${target.limitSeconds} s: ${result.reason}`,
      );
    }
    await wait(betweenMs);
  }
}

/** Kind and key of an authorized_keys line, without its comment. */
function keyOf(line: string): string {
  return line.trim().split(/\s+/).slice(0, 2).join(" ");
}
