import { failure } from "./api-error.ts";

/** Seconds that Proxmox waits for the file lock of a VM's config. */
const lockSeconds = 10;

/** One queue a VM: work on the same VM runs one after the other, as under Proxmox's config lock. */
export class VmQueues {
  readonly #last = new Map<number, Promise<void>>();

  /**
   * Runs the work once everything before it on this VM has ended.
   * @throws 500 "got timeout" when that takes more than 10 s; the work is then never run.
   */
  async run<T>(vmid: number, work: () => Promise<T> | T): Promise<T> {
    const before = this.#last.get(vmid) ?? Promise.resolve();
    const turn = Promise.withResolvers<undefined>();
    const mine = before.then(() => turn.promise);
    this.#last.set(vmid, mine);
    try {
      await this.#within(before, vmid);
      return await work();
    } finally {
      turn.resolve(undefined);
      if (this.#last.get(vmid) === mine) this.#last.delete(vmid);
    }
  }

  async #within(before: Promise<void>, vmid: number): Promise<void> {
    const expired = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const file = `/var/lock/qemu-server/lock-${vmid}.conf`;
      expired.reject(failure(`can't lock file '${file}' - got timeout`));
    }, lockSeconds * 1000);
    try {
      await Promise.race([before, expired.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}
