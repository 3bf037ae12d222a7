/**
 * `npm run bench`: the project's figures, each against its limit; exit status 1 when one fails.
 *
 * Ratios of one run, so that they hold on any machine. Works in a lab of its own (.lab-bench), which it stops at the end;
 * with --running in the lab that runs, whose home must be up.
 */
import { Command, InvalidArgumentError } from "commander";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "../../toolchain/go.ts";
import { ensurePackages } from "../../toolchain/debian.ts";
import { Progress } from "../../toolchain/progress.ts";
import { ensureTools } from "../../toolchain/tools.ts";
import { ownShare, pathEntries, pathText, type PathEntry } from "./bring-up.ts";
import { judge, verdictTable, type Figure } from "./figures.ts";
import { previewFigures, registrationFigures, type Registered } from "./measured.ts";

const program = new Command("npm run bench --")
  .description("measures previews, registration, memory and the bring-up's critical path")
  .option("--json", "for programs")
  .option("--running", "use the lab that runs, with home up; leaves the bring-up out")
  .option("--rounds <count>", "previews of each program", atLeastFive, 7)
  .option("--registration-only", "measure without a lab")
  .parse();
const options = program.opts<{
  json?: boolean;
  running?: boolean;
  rounds: number;
  registrationOnly?: boolean;
}>();

function atLeastFive(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 5) throw new InvalidArgumentError("at least 5");
  return count;
}

const sizes = [1000, 5000, 10_000] as const;

async function registration(size: number): Promise<Registered> {
  const script = join(import.meta.dirname, "registration.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [script, String(size)]);
  return JSON.parse(stdout) as Registered;
}

const figures: Figure[] = [];
let path: readonly PathEntry[] = [];
const progress = new Progress(options.registrationOnly === true ? 1 : options.running ? 2 : 5);

figures.push(
  ...(await progress.step("registration under mocks", async (report) => {
    const measured: Registered[] = [];
    for (const size of sizes) {
      report(`${size} resources`);
      measured.push(await registration(size));
    }
    return registrationFigures(measured);
  })),
);

if (options.registrationOnly !== true) {
  if (options.running !== true) process.env["HOMELAB_LAB"] ??= join(root, ".lab-bench");
  const { BenchLab } = await import("./lab.ts");
  const lab = new BenchLab();
  const previews = async (): Promise<Figure[]> =>
    progress.step("previews, in turn", async () =>
      previewFigures(await lab.previews(options.rounds)),
    );
  if (options.running === true) {
    figures.push(...(await previews()));
  } else {
    await progress.step("Debian packages", ensurePackages);
    const tools = await progress.step("tools", ensureTools);
    try {
      const bringUp = await progress.step("bring-up of home in a new lab", async (report) => {
        await lab.fresh(tools, report);
        return lab.bringUp();
      });
      figures.push(...(await previews()), ownShare(bringUp));
      path = pathEntries(bringUp);
    } finally {
      await lab.end();
    }
  }
}

const verdicts = figures.map(judge);
if (options.json === true) {
  process.stdout.write(
    `${JSON.stringify({ figures: verdicts, criticalPath: path }, undefined, 2)}\n`,
  );
} else {
  const paths = path.length === 0 ? "" : `Critical path of the bring-up:\n${pathText(path)}\n\n`;
  process.stdout.write(`\n${paths}${verdictTable(verdicts)}\n`);
}
if (verdicts.some(({ holds }) => !holds)) process.exitCode = 1;
