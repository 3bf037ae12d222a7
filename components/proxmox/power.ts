import { setTimeout as pause } from "node:timers/promises";
import { PatientHttp, type ApiAnswer, type ApiCall } from "../http/patient-http.ts";
import { apiMessage } from "../http/service-error.ts";
import { trustSystemAuthorities } from "../http/trust.ts";
import type { ProxmoxAccess } from "./proxmox-api.ts";

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

/** The calls' HTTP, and time, which tests replace. */
export interface PowerTools {
  readonly call: (what: string, call: ApiCall) => Promise<ApiAnswer>;
  readonly pause: (milliseconds: number) => Promise<unknown>;
}

const pollMs = 1_000;

/** @see https://pve.proxmox.com/pve-docs/api-viewer/ and qemu-server's src/PVE/API2/Qemu.pm */
export function proxmoxPower(access: ProxmoxAccess, tools?: PowerTools): Power {
  trustSystemAuthorities();
  const http = new PatientHttp();
  return new ProxmoxPower(access, tools ?? { call: (what, call) => http.call(what, call), pause });
}

class ProxmoxPower implements Power {
  readonly #access: ProxmoxAccess;
  readonly #tools: PowerTools;

  constructor(access: ProxmoxAccess, tools: PowerTools) {
    this.#access = access;
    this.#tools = tools;
  }

  async state(vmId: number): Promise<VmState | undefined> {
    const host = await this.#hostOf(vmId);
    if (host === undefined) return undefined;
    const { status } = await this.#ask<{ status: string }>(
      `nodes/${host}/qemu/${vmId}/status/current`,
    );
    return { host, status };
  }

  async pending(vmId: number): Promise<readonly string[]> {
    const path = `nodes/${await this.#knownHost(vmId)}/qemu/${vmId}/pending`;
    const settings =
      await this.#ask<readonly { key: string; pending?: unknown; delete?: number }[]>(path);
    return settings
      .filter((setting) => setting.pending !== undefined || (setting.delete ?? 0) > 0)
      .map(({ key }) => key)
      .sort();
  }

  async shutDown(vmId: number, seconds: number): Promise<void> {
    const host = await this.#knownHost(vmId);
    // No forceStop: a guest that hangs is a person's to judge. Under HA the task ends before the machine is off.
    await this.#task(host, `qemu/${vmId}/status/shutdown`, seconds, { timeout: String(seconds) });
    await this.#until(vmId, "stopped", seconds);
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
    const all = await this.#ask<readonly { vmid?: number; node: string }[]>(
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
      await this.#tools.pause(pollMs);
    }
  }

  /** Starts a task of a host and waits for its end. */
  async #task(
    host: string,
    path: string,
    seconds: number,
    fields: Readonly<Record<string, string>>,
  ): Promise<void> {
    const upid = await this.#send<string>(`nodes/${host}/${path}`, {
      method: "POST",
      body: new URLSearchParams(fields).toString(),
    });
    for (let left = seconds + taskMarginSeconds; ; left -= 1) {
      const { status, exitstatus = "" } = await this.#ask<{ status: string; exitstatus?: string }>(
        `nodes/${host}/tasks/${encodeURIComponent(upid)}/status`,
      );
      if (status === "stopped") {
        if (exitstatus === "OK" || exitstatus.startsWith("WARNINGS")) return;
        throw new Error(`${path} on ${host}: ${exitstatus || "the task failed"}`);
      }
      if (left <= 0) throw new Error(`${path} on ${host} did not end within ${seconds} s`);
      await this.#tools.pause(pollMs);
    }
  }

  #ask<T>(path: string): Promise<T> {
    return this.#send<T>(path, { method: "GET" });
  }

  async #send<T>(path: string, call: Pick<ApiCall, "method" | "body">): Promise<T> {
    const { status, text } = await this.#tools.call(`${call.method} ${path}`, {
      ...call,
      url: new URL(`/api2/json/${path}`, this.#access.endpoint).href,
      headers: {
        authorization: `PVEAPIToken=${this.#access.token}`,
        ...(call.body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
      },
    });
    if (status >= 300)
      throw new Error(`Proxmox: ${call.method} ${path}: ${status} ${apiMessage(text)}`);
    return (JSON.parse(text) as { data: T }).data;
  }
}

const startSeconds = 300;
const taskMarginSeconds = 30;
