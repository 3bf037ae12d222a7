/** Appends each new command line of /proc to a file: `watch-processes.ts FILE STOP`; ends when STOP exists. */
import { appendFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

const [file = "", stop = ""] = process.argv.slice(2);
const seen = new Set<string>();

/** How often each process was looked at. */
let looks = new Map<string, number>();

/** A process becomes another program soon after its birth or hardly ever: one that has been looked at often is looked at seldom. */
const due = (times: number): boolean => times < 10 || times % 25 === 0;

while (!existsSync(stop)) {
  const before = looks;
  looks = new Map();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const times = before.get(entry) ?? 0;
    looks.set(entry, times + 1);
    if (!due(times)) continue;
    let line: string;
    try {
      line = readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ");
    } catch (error) {
      // It has ended since it was listed.
      if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) continue;
      throw error;
    }
    if (line === "" || seen.has(line)) continue;
    seen.add(line);
    appendFileSync(file, `${line}\n`);
  }
  await delay(200);
}
