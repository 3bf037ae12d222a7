import type { StoredDevice, TailnetState } from "./store.ts";

/** A device that has not called for so long is offline, milliseconds. */
const onlineFor = 30_000;
/** An ephemeral device that has been offline for so long is removed, milliseconds. */
const ephemeralFor = 60_000;

/** When each device was heard of; kept in memory, since every device calls all the time. */
export class Presence {
  readonly #now: () => number;
  readonly #started: number;
  readonly #heard = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
    this.#started = now();
  }

  /** Notes a call of the device. */
  hear(device: StoredDevice): void {
    this.#heard.set(device.id, this.#now());
    device.lastSeen = new Date(this.#now()).toISOString();
  }

  online({ id }: StoredDevice): boolean {
    const heard = this.#heard.get(id);
    return heard !== undefined && this.#now() - heard < onlineFor;
  }

  /** Ephemeral devices whose time is over. A start of the server gives each a new chance to call. */
  gone(state: TailnetState): StoredDevice[] {
    const last = this.#now() - onlineFor - ephemeralFor;
    return Object.values(state.devices).filter(
      ({ id, ephemeral }) => ephemeral && (this.#heard.get(id) ?? this.#started) <= last,
    );
  }
}
