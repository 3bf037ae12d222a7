/** Shows long steps: a live line in a terminal; in a log a line for whatever begins or ends, and never a long silence. */

/**
 * What a running step says of itself: that something began or ended, which is a line of its own in a log; or how to
 * ask it how far it is, which is shown in between.
 */
export type Report = (detail: string | (() => string)) => void;

/** A log says something at least this often, in milliseconds. */
const longestSilence = 30_000;
/** A step without a word says after this long that it runs. */
const firstSilence = 2_000;
/** An event waits this long, so that a step that ends with it has one line. */
const together = 100;

/** Seconds for people: "3.2 s", "48 s", "3 min 50 s". */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** Calls `say` after each half minute in which nothing was said, so that a log never reads as a hang. */
export class Pulse {
  readonly #say: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(say: () => void) {
    this.#say = say;
    this.touch();
  }

  /** Something was said: the silence counts from now, and may last `milliseconds`. */
  touch(milliseconds = longestSilence): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.touch();
      this.#say();
    }, milliseconds);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** How one running step is shown. */
interface Shown {
  /** Shows that something began or ended. */
  event(text: string): void;
  /** Takes the running step away, and gives the words of its last line. */
  end(): string;
}

/** Numbered steps on one output stream, for example `[2/6] tools: rke2 is built (3 min 50 s)`. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #total: number;
  readonly #begun = performance.now();
  #done = 0;

  /** `total` is the number of steps that will follow. */
  constructor(total: number, stream: NodeJS.WriteStream = process.stderr) {
    this.#total = total;
    this.#stream = stream;
  }

  /** Time since the first step, for people. */
  get elapsed(): string {
    return duration((performance.now() - this.#begun) / 1000);
  }

  /** Runs one step. Its failure is passed on after the step's line says that it failed. */
  async step<T>(title: string, run: (report: Report) => Promise<T>): Promise<T> {
    this.#done += 1;
    const begun = performance.now();
    const elapsed = (): string => duration((performance.now() - begun) / 1000);
    const head = `[${this.#done}/${this.#total}] ${title}`;
    let state = (): string => "";
    const shown = this.#stream.isTTY
      ? this.#live((event) => `${head} ... ${elapsed()}  ${state() || event}`)
      : this.#logged(
          (text) => `${head}: ${text} (${elapsed()})`,
          () => state(),
        );
    const last = (text: string): void => {
      this.#stream.write(`${head}: ${text} (${elapsed()})\n`);
    };
    try {
      const result = await run((detail) => {
        if (typeof detail === "function") state = detail;
        else shown.event(detail);
      });
      last(shown.end() || "done");
      return result;
    } catch (error) {
      shown.end();
      last("failed");
      throw error;
    }
  }

  /** One line that is drawn again and again. */
  #live(line: (event: string) => string): Shown {
    let event = "";
    const draw = (): void => {
      this.#stream.write(`\r\x1b[2K${line(event).slice(0, (this.#stream.columns || 100) - 1)}`);
    };
    const timer = setInterval(draw, 250);
    draw();
    return {
      event: (text) => {
        event = text;
      },
      end: () => {
        clearInterval(timer);
        this.#stream.write("\r\x1b[2K");
        return event;
      },
    };
  }

  /** A line for each event, and one for each half minute without. */
  #logged(line: (text: string) => string, state: () => string): Shown {
    let last = "at work";
    let unsaid = "";
    const say = (): void => {
      this.#stream.write(`${line(unsaid || state() || last)}\n`);
      last = unsaid || last;
      unsaid = "";
    };
    const pulse = new Pulse(say);
    pulse.touch(firstSilence);
    return {
      event: (text) => {
        if (unsaid !== "") say();
        unsaid = text;
        pulse.touch(together);
      },
      end: () => {
        pulse.stop();
        return unsaid;
      },
    };
  }
}
