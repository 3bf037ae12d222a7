/** Appends each new command line of /proc to a file: `watch-processes.ts FILE STOP`; ends when STOP exists. */
import { appendFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

const [file = "", stop = ""] = process.argv.slice(2);
const seen = new Set<string>();

while (!existsSync(stop)) {
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
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
