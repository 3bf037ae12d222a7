import type { Faults } from "../../world/faults.ts";
import { part } from "../web/exchange.ts";
import { ApiError, failure, reasonOf } from "./api-error.ts";
import type { Route } from "./route.ts";

/** What a task writes while it runs. */
export interface TaskLog {
  line(text: string): void;
  /** Counts towards the exit status `WARNINGS: n`, which is a success. */
  warn(text: string): void;
}

/** Names a task: its node, its type (`qmcreate`), its object's id and who asked for it. */
export interface TaskSubject {
  readonly node: string;
  readonly type: string;
  readonly id: string;
  readonly user: string;
}

interface Task extends TaskSubject {
  readonly upid: string;
  readonly pid: number;
  readonly pstart: number;
  readonly starttime: number;
  readonly lines: string[];
  exitstatus?: string;
}

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, "0");

/** The workers of a cluster: each runs on its own and is asked for by its UPID. Kept in memory only. */
export class Tasks {
  readonly #tasks = new Map<string, Task>();
  readonly #working = new Set<Promise<void>>();
  readonly #faults: Faults;
  #lastPid = 1000;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  /**
   * Starts a worker and returns its UPID at once; what it throws becomes its exit status. `undo` takes back what was
   * prepared for a worker that a fault keeps from beginning.
   */
  start(
    subject: TaskSubject,
    work: (log: TaskLog) => Promise<void> | void,
    undo?: () => void,
  ): string {
    const task = this.#open(subject);
    const done = this.#run(task, work, undo).finally(() => this.#working.delete(done));
    this.#working.add(done);
    return task.upid;
  }

  /** Resolves when no worker runs any more. */
  async idle(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working);
  }

  /** @throws 400 when the node does not know the task. */
  find(node: string, upid: string): Task {
    const task = this.#tasks.get(upid);
    if (task?.node !== node) throw new ApiError(400, `no such task '${upid}'`);
    return task;
  }

  of(node: string): readonly Task[] {
    return [...this.#tasks.values()].filter((task) => task.node === node).reverse();
  }

  #open(subject: TaskSubject): Task {
    const pid = ++this.#lastPid;
    const pstart = Math.round(performance.now() / 10);
    const starttime = Math.floor(Date.now() / 1000);
    const { node, type, id, user } = subject;
    const upid = `UPID:${node}:${hex(pid)}:${hex(pstart)}:${hex(starttime)}:${type}:${id}:${user}:`;
    const task: Task = { ...subject, upid, pid, pstart, starttime, lines: [] };
    this.#tasks.set(upid, task);
    return task;
  }

  async #run(
    task: Task,
    work: (log: TaskLog) => Promise<void> | void,
    undo?: () => void,
  ): Promise<void> {
    let warnings = 0;
    const log: TaskLog = {
      line: (text) => task.lines.push(text),
      warn: (text) => {
        warnings += 1;
        task.lines.push(`WARN: ${text}`);
      },
    };
    try {
      await this.#consultFaults(task).catch((error: unknown) => {
        undo?.();
        throw error;
      });
      await work(log);
      task.lines.push(warnings > 0 ? `TASK WARNINGS: ${warnings}` : "TASK OK");
      task.exitstatus = warnings > 0 ? `WARNINGS: ${warnings}` : "OK";
    } catch (error) {
      const reasons = error instanceof ApiError ? Object.entries(error.errors ?? {}) : [];
      const details = reasons.map(([name, reason]) => `${name}: ${reason}`).join("; ");
      const text = details === "" ? reasonOf(error) : `${reasonOf(error)} ${details}`;
      task.lines.push(`TASK ERROR: ${text}`);
      task.exitstatus = text;
    }
  }

  async #consultFaults(task: Task): Promise<void> {
    const request = { method: "TASK", path: `${task.type}/${task.id}`, host: task.node };
    const fault = await this.#faults.consult("proxmox.task", request);
    if (typeof fault === "object") throw failure(fault.body);
    if (fault !== undefined) throw failure("received interrupt");
  }
}

const describe = (task: Task): Record<string, unknown> => ({
  upid: task.upid,
  node: task.node,
  pid: task.pid,
  pstart: task.pstart,
  starttime: task.starttime,
  type: task.type,
  id: task.id,
  user: task.user,
});

/** `nodes/N/tasks`: status, log and the list. */
export function taskRoutes(tasks: Tasks): Route[] {
  return [
    {
      method: "GET",
      path: "nodes/:node/tasks",
      parameters: [],
      handle: (call) =>
        tasks
          .of(part(call, "node"))
          .map((task) => ({ ...describe(task), status: task.exitstatus })),
    },
    {
      method: "GET",
      path: "nodes/:node/tasks/:upid/status",
      parameters: [],
      handle: (call) => {
        const task = tasks.find(part(call, "node"), part(call, "upid"));
        return task.exitstatus === undefined
          ? { ...describe(task), status: "running" }
          : { ...describe(task), status: "stopped", exitstatus: task.exitstatus };
      },
    },
    {
      method: "GET",
      path: "nodes/:node/tasks/:upid/log",
      parameters: ["start", "limit"],
      handle: (call) => {
        const { lines } = tasks.find(part(call, "node"), part(call, "upid"));
        const start = call.parameters.integer("start") ?? 0;
        const limit = call.parameters.integer("limit") ?? 50;
        return lines
          .map((text, index) => ({ n: index + 1, t: text }))
          .slice(start, limit === 0 ? undefined : start + limit);
      },
    },
    {
      // Stops a running worker on a real host. The lab's workers end by themselves.
      method: "DELETE",
      path: "nodes/:node/tasks/:upid",
      parameters: [],
      handle: (call) => {
        tasks.find(part(call, "node"), part(call, "upid"));
        return null;
      },
    },
  ];
}
