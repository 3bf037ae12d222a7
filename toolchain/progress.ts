/** Shows long steps: a live line in a terminal, one line a step in a log. */

/** What a running step may say of itself while it goes on. */
export type Report = (detail: string) => void;

const seconds = (since: number): string => {
  const elapsed = (Date.now() - since) / 1000;
  return elapsed < 60
    ? `${elapsed.toFixed(elapsed < 10 ? 1 : 0)} s`
    : `${Math.floor(elapsed / 60)} min ${Math.round(elapsed % 60)} s`;
};

/** Numbered steps on one output stream, for example `[2/6] build kubernetes v1.35.4 ... 3 min 50 s`. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #total: number;
  readonly #begun = Date.now();
  #done = 0;

  /** `total` is the number of steps that will follow. */
  constructor(total: number, stream: NodeJS.WriteStream = process.stderr) {
    this.#total = total;
    this.#stream = stream;
  }

  /** Time since the first step, for people. */
  get elapsed(): string {
    return seconds(this.#begun);
  }

  /** Runs one step. Its failure is passed on after the step's line says that it failed. */
  async step<T>(title: string, run: (report: Report) => Promise<T>): Promise<T> {
    this.#done += 1;
    const begun = Date.now();
    const head = `[${this.#done}/${this.#total}] ${title}`;
    const live = this.#stream.isTTY;
    let detail = "";
    const draw = (): void => {
      const line = `${head} ... ${seconds(begun)}${detail === "" ? "" : `  ${detail}`}`;
      this.#stream.write(`\r\x1b[2K${line.slice(0, (this.#stream.columns || 100) - 1)}`);
    };
    const timer = live ? setInterval(draw, 250) : undefined;
    if (live) draw();
    const end = (outcome: string): void => {
      clearInterval(timer);
      this.#stream.write(`${live ? "\r\x1b[2K" : ""}${head}: ${outcome} (${seconds(begun)})\n`);
    };
    try {
      const result = await run((text) => {
        detail = text;
      });
      end(detail === "" ? "done" : detail);
      return result;
    } catch (error) {
      end("failed");
      throw error;
    }
  }
}
