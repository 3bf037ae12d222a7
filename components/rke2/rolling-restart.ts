import { scriptInput } from "../remote/shell.ts";
import { NoConnection, type SshRun } from "../remote/ssh.ts";
import type { Machine } from "../machine.ts";
import type { Power } from "../proxmox/power.ts";
import { scripts } from "./scripts.ts";

/** A machine, as far as its restart goes. */
export type Restarted = Pick<Machine, "name" | "address" | "role"> & { readonly vmId: number };

/** Tells a person what happens. */
export type Tell = (text: string) => void;

export interface RollingRestartArgs {
  /** All servers of the site, in the config's order. */
  readonly servers: readonly Restarted[];
  readonly power: Power;
  /**
   * Whether there is a cluster. Before there is one, machines may answer nobody, because their network was wrong from the
   * start, and nothing runs on them that a restart could cut off.
   */
  readonly founded: boolean;
  /** Runs a script on a machine as root. */
  readonly run: SshRun;
  /** Returns once the machine answers on SSH. */
  readonly awaitSsh: (machine: Restarted) => Promise<void>;
}

/** How long a guest may take to shut down: 390 s are promised to what runs in it (`shutdownSeconds` in machine.ts). */
const guestSeconds = 600;

/** The script's own limits must end it before this: drain, or the four waits of a machine that comes back. */
const scriptSeconds = 3600;

/**
 * Restarts machines of a site one after the other, whoever asks: each only while all other nodes are Ready and all other
 * servers vote in etcd, after its pods have moved, through its guest, and the next once it is well again.
 */
export class RollingRestart {
  readonly #args: RollingRestartArgs;
  /** Ends when the machine that restarts now is back; fails with what keeps the next from restarting. */
  #turn: Promise<void> = Promise.resolve();
  readonly #turns = new Map<string, PromiseWithResolvers<void>>();
  /** Ends when all machines are back that were off before their turn came. */
  #starting: Promise<unknown> = Promise.resolve();

  constructor(args: RollingRestartArgs) {
    this.#args = args;
  }

  /**
   * Returns once it is the machine's turn, its pods have moved, and it is off. One that is off already, as a run that was
   * killed leaves it, has its turn at once: all others wait for it, for beside a node that is not well none may go.
   * Every `leave` that returned is followed by `back` or `failed`.
   * @throws when another node is not well, when pods do not move, or when the guest does not shut down. It then runs on.
   */
  async leave(machine: Restarted, tell: Tell): Promise<void> {
    const { power } = this.#args;
    if (!(await this.#runs(machine))) {
      this.#starting = Promise.all([this.#starting, this.#enter(machine).promise]);
      // Nobody may wait for it.
      this.#starting.catch(() => undefined);
      return;
    }
    await this.#take(machine, async () => {
      await this.#starting;
      if (!(await this.#runs(machine))) return;
      await this.#script("leave", machine, tell);
      tell(`${machine.name}: shutting down through its guest`);
      try {
        await power.shutDown(machine.vmId, guestSeconds);
      } catch (error) {
        await this.#stay(machine, tell);
        throw new Error(
          `${machine.name} did not shut down: ${reasonOf(error)}. Look at its console in Proxmox; its settings are as they were`,
          { cause: error },
        );
      }
    });
  }

  /** Returns once the machine, which runs again, is well. @throws when it is not in time; then no other restarts. */
  async back(machine: Restarted, tell: Tell): Promise<void> {
    await this.#end(machine, () => this.#recover(machine, tell));
  }

  /** What was to be done while the machine was off has failed: it is started as it is. */
  async failed(machine: Restarted, tell: Tell): Promise<void> {
    await this.#end(machine, async () => {
      const { power } = this.#args;
      if ((await power.state(machine.vmId))?.status === "stopped") {
        tell(`${machine.name}: starting it as it is`);
        await power.start(machine.vmId);
      }
      await this.#recover(machine, tell);
    });
  }

  /** All of it, with whatever waits for the next start. */
  async restart(machine: Restarted, tell: Tell): Promise<void> {
    await this.#take(machine, async () => {
      await this.#script("leave", machine, tell);
      tell(`${machine.name}: restarting through its guest`);
      try {
        await this.#args.power.reboot(machine.vmId, guestSeconds);
      } catch (error) {
        await this.#stay(machine, tell);
        throw error;
      }
    });
    await this.back(machine, tell);
  }

  async #runs({ vmId }: Restarted): Promise<boolean> {
    return (await this.#args.power.state(vmId))?.status === "running";
  }

  #enter({ name }: Restarted): PromiseWithResolvers<void> {
    const mine = Promise.withResolvers<void>();
    // Nobody may wait for it.
    mine.promise.catch(() => undefined);
    this.#turns.set(name, mine);
    return mine;
  }

  async #take(machine: Restarted, work: () => Promise<void>): Promise<void> {
    const before = this.#turn;
    const mine = this.#enter(machine);
    this.#turn = mine.promise;
    try {
      await before;
      await work();
    } catch (error) {
      this.#turns.delete(machine.name);
      mine.reject(new Error(`${machine.name} is not well, so no other machine restarts`));
      throw error;
    }
  }

  /** Ends the machine's turn, if it has one. */
  async #end(machine: Restarted, work: () => Promise<void>): Promise<void> {
    const turn = this.#turns.get(machine.name);
    if (turn === undefined) return;
    try {
      await work();
      turn.resolve();
    } catch (error) {
      turn.reject(new Error(`${machine.name} is not well, so no other machine restarts`));
      throw error;
    } finally {
      this.#turns.delete(machine.name);
    }
  }

  async #recover(machine: Restarted, tell: Tell): Promise<void> {
    if (!this.#args.founded) return;
    tell(`${machine.name} is on again: waiting until its node is well`);
    await this.#args.awaitSsh(machine);
    await this.#script("back", machine, tell);
  }

  /** Lets pods in again after a leave that led to nothing; that it could not must not hide why. */
  async #stay(machine: Restarted, tell: Tell): Promise<void> {
    try {
      await this.#script("stay", machine, tell);
    } catch (error) {
      tell(
        `${machine.name} takes no pods until kubectl uncordon ${machine.name}: ${reasonOf(error)}`,
      );
    }
  }

  /** On the first other server that answers; an only server looks after itself. */
  async #script(mode: "leave" | "back" | "stay", machine: Restarted, tell: Tell): Promise<void> {
    const others = this.#args.servers.filter(({ name }) => name !== machine.name);
    const silent: string[] = [];
    for (const server of others.length > 0 ? others : [machine]) {
      try {
        const script = scriptInput(scripts.restart, { MODE: mode, NODE: machine.name });
        await this.#args.run(server.address, script, { seconds: scriptSeconds, tell });
        return;
      } catch (error) {
        if (!(error instanceof NoConnection)) throw error;
        silent.push(`${server.name}: ${error.message}`);
      }
    }
    if (!this.#args.founded) return;
    throw new Error(
      `${machine.name} is not restarted, because no other server answers on SSH (${silent.join("; ")}). ` +
        "Bring them back first; where the whole site is down on purpose, shut the machine down in Proxmox",
    );
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
