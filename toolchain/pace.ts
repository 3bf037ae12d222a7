/** How far a compilation is, and how long it will take, by what earlier ones took. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheDirectory } from "./cache.ts";
import { shippedPace } from "./pins.ts";

/** Less than this part of all that could have been compiled says nothing of the machine's pace. */
const tellingPart = 0.5;

/**
 * Seconds that are left when the part `done` (0 to 1) took `elapsed` seconds and all of it was expected to take
 * `expected`: in the beginning experience counts, towards the end what was seen.
 */
export function secondsLeft(done: number, elapsed: number, expected: number): number {
  return (1 - done) * (elapsed + (1 - done) * expected);
}

/** "about 5 min left", in words that promise no more than an estimate can. */
export function leftInWords(seconds: number): string {
  if (seconds < 50) return "less than a minute left";
  return `about ${Math.max(1, Math.round(seconds / 60))} min left`;
}

/** A running compilation: what Go has compiled of the packages that the programs are made of. */
export class Compilation {
  readonly #sizes: ReadonlyMap<string, number>;
  readonly #total: number;
  readonly #expected: number;
  readonly #begun: number;
  readonly #clock: () => number;
  readonly #finished = new Set<string>();
  #packages = 0;
  #bytes = 0;

  /** `sizes`: bytes of source by package; `pace`: bytes a second of earlier runs; `clock`: seconds. */
  constructor(
    sizes: ReadonlyMap<string, number>,
    pace: number,
    clock: () => number = () => performance.now() / 1000,
  ) {
    this.#sizes = sizes;
    this.#total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    this.#expected = this.#total / pace;
    this.#clock = clock;
    this.#begun = clock();
  }

  /** What is to be done, and how long it takes when nothing of it is in Go's cache. */
  get announcement(): string {
    const minutes = Math.max(1, Math.round(this.#expected / 60));
    return `up to ${this.#sizes.size} packages: about ${minutes} min when Go's cache has none of them`;
  }

  /** How far it is. The time left is told once more than a tenth was compiled: Go's cache may hold most of it. */
  get state(): string {
    const done = this.#bytes / this.#total;
    const left = secondsLeft(done, this.#clock() - this.#begun, this.#expected);
    const counted = `${this.#packages} of up to ${this.#sizes.size} packages compiled`;
    return done < 0.1 ? counted : `${counted}, ${leftInWords(left)}`;
  }

  /** Bytes a second, when this compilation was large enough to tell. */
  get pace(): number | undefined {
    if (this.#bytes < tellingPart * this.#total) return undefined;
    return this.#bytes / (this.#clock() - this.#begun);
  }

  /** Notes a line of `go build -v`; false when it names no package. */
  compiled(line: string): boolean {
    const size = this.#sizes.get(line);
    if (size === undefined) return false;
    this.#packages += 1;
    this.#bytes += size;
    return true;
  }

  /** Notes that a program is linked; true the first time. */
  finish(program: string): boolean {
    if (this.#finished.has(program)) return false;
    this.#finished.add(program);
    return true;
  }
}

const paceFile = (): string => join(cacheDirectory(), "pace.json");

/** Bytes of Go source that this machine compiled a second; before its first compilation, the pace of two cores. */
export async function readPace(): Promise<number> {
  try {
    const { bytesPerSecond } = JSON.parse(await readFile(paceFile(), "utf8")) as {
      readonly bytesPerSecond: number;
    };
    return bytesPerSecond;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return shippedPace;
  }
}

/** Keeps the pace for the next time. */
export async function writePace({ pace }: Compilation): Promise<void> {
  if (pace === undefined) return;
  await writeFile(paceFile(), JSON.stringify({ bytesPerSecond: Math.round(pace) }));
}
