import { setTimeout as pause } from "node:timers/promises";
import type { ProxmoxApi } from "./proxmox-api.ts";

/** Where a virtual machine is, and what Proxmox says of it. */
export interface VmState {
  /** Proxmox node that carries it. */
  readonly host: string;
  /** `running`, `stopped`, or `paused`. */
  readonly status: string;
}

/** Switches virtual machines and reads their settings, through Proxmox VE's API; what the provider does not offer. */
export interface Power {
  /** Undefined when Proxmox does not show the machine. */
  state(vmId: number): Promise<VmState | undefined>;
  /** Names of the settings that count only from the next start on. */
  pending(vmId: number): Promise<readonly string[]>;
  /** Lets the guest shut down, and returns once it is off. Throws, and leaves it running, when it takes longer. */
  shutDown(vmId: number, seconds: number): Promise<void>;
  start(vmId: number): Promise<void>;
  /** Lets the guest shut down and starts it again, with all settings that were pending. */
  reboot(vmId: number, seconds: number): Promise<void>;
}

const pollMs = 1_000;

/** What HA may take beyond the time that it was given: a round of its manager and of the host's, and QEMU's own end. */
const haSeconds = 60;

/**
 * `wait` lets time pass between two looks at a task; tests replace it.
 * @see https://pve.proxmox.com/pve-docs/api-viewer/ and qemu-server's src/PVE/API2/Qemu.pm
 */
export function proxmoxPower(
  api: ProxmoxApi,
  wait: (milliseconds: number) => Promise<unknown> = pause,
): Power {
  return new ProxmoxPower(api, wait);
}

class ProxmoxPower implements Power {
  readonly #api: ProxmoxApi;
  readonly #wait: (milliseconds: number) => Promise<unknown>;

  constructor(api: ProxmoxApi, wait: (milliseconds: number) => Promise<unknown>) {
    this.#api = api;
    this.#wait = wait;
  }

  async state(vmId: number): Promise<VmState | undefined> {
    const host = await this.#hostOf(vmId);
    if (host === undefined) return undefined;
    const { status } = await this.#api<{ status: string }>(
      `nodes/${host}/qemu/${vmId}/status/current`,
    );
    return { host, status };
  }

  async pending(vmId: number): Promise<readonly string[]> {
    const path = `nodes/${await this.#knownHost(vmId)}/qemu/${vmId}/pending`;
    const settings =
      await this.#api<readonly { key: string; pending?: unknown; delete?: number }[]>(path);
    return settings
      .filter((setting) => setting.pending !== undefined || (setting.delete ?? 0) > 0)
      .map(({ key }) => key)
      .sort();
  }

  async shutDown(vmId: number, seconds: number): Promise<void> {
    const host = await this.#knownHost(vmId);
    // No forceStop: a guest that hangs is a person's to judge. Under HA the task ends before the machine is off, and HA cuts off
    // what hangs, a while after its time (qemu-server, API2/Qemu.pm: crm-command; pve-ha-manager, Resources/PVEVM.pm): whoever gave
    // up before would leave it off.
    await this.#task(host, `qemu/${vmId}/status/shutdown`, seconds, { timeout: String(seconds) });
    await this.#until(vmId, "stopped", seconds + haSeconds);
  }

  async start(vmId: number): Promise<void> {
    const host = await this.#knownHost(vmId);
    await this.#task(host, `qemu/${vmId}/status/start`, startSeconds, {});
    await this.#until(vmId, "running", startSeconds);
  }

  /** As one task of the host, so that the machine starts again even when nobody waits for it any more. */
  async reboot(vmId: number, seconds: number): Promise<void> {
    const host = await this.#knownHost(vmId);
    await this.#task(host, `qemu/${vmId}/status/reboot`, seconds, { timeout: String(seconds) });
    // The task ends with the shutdown; qmeventd starts the machine after it.
    await this.#until(vmId, "running", startSeconds);
  }

  async #hostOf(vmId: number): Promise<string | undefined> {
    const all = await this.#api<readonly { vmid?: number; node: string }[]>(
      "cluster/resources?type=vm",
    );
    return all.find(({ vmid }) => vmid === vmId)?.node;
  }

  async #knownHost(vmId: number): Promise<string> {
    const host = await this.#hostOf(vmId);
    if (host === undefined) throw new Error(`Proxmox shows no virtual machine ${vmId}`);
    return host;
  }

  async #until(vmId: number, status: string, seconds: number): Promise<void> {
    for (let left = seconds; ; left -= 1) {
      const seen = (await this.state(vmId))?.status;
      if (seen === status) return;
      if (left <= 0)
        throw new Error(
          `virtual machine ${vmId} is ${seen ?? "gone"} and not ${status} after ${seconds} s`,
        );
      await this.#wait(pollMs);
    }
  }

  /** Starts a task of a host and waits for its end. */
  async #task(
    host: string,
    path: string,
    seconds: number,
    fields: Readonly<Record<string, string>>,
  ): Promise<void> {
    const upid = await this.#api<string>(`nodes/${host}/${path}`, fields);
    for (let left = seconds + taskMarginSeconds; ; left -= 1) {
      const { status, exitstatus = "" } = await this.#api<{ status: string; exitstatus?: string }>(
        `nodes/${host}/tasks/${encodeURIComponent(upid)}/status`,
      );
      if (status === "stopped") {
        if (exitstatus === "OK" || exitstatus.startsWith("WARNINGS")) return;
        throw new Error(`${path} on ${host}: ${exitstatus || "the task failed"}`);
      }
      if (left <= 0) throw new Error(`${path} on ${host} did not end within ${seconds} s`);
      await this.#wait(pollMs);
    }
  }
}

const startSeconds = 300;
const taskMarginSeconds = 30;
