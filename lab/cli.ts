/** `npm run lab -- shell | status | start | stop | reset`. */
import { Command } from "commander";
import { Progress } from "../toolchain/progress.ts";
import { ensureTools } from "../toolchain/tools.ts";
import { LabNotRunning } from "./client.ts";
import { labStatus, resetLab, runInLab, startLab, stopLab } from "./lab.ts";
import { statusText } from "./status-text.ts";
import { labPaths } from "./state.ts";

const program = new Command("npm run lab --")
  .description("the simulated datacentre of this clone")
  .enablePositionalOptions();

program
  .command("shell")
  .description("a shell inside the lab, or one command")
  .argument("[command...]", "command to run instead of a shell, after --")
  .passThroughOptions()
  .allowUnknownOption()
  .action(async (command: string[]) => {
    const shell = ["bash", "--rcfile", `${labPaths().home}/.bashrc`, "-i"];
    // A command works where its caller stands, so that relative paths mean what they say.
    const cwd = process.env["INIT_CWD"] ?? process.cwd();
    const { code } = await runInLab(command.length > 0 ? command : shell, { cwd });
    process.exitCode = code;
  });

program
  .command("status")
  .description("machines, services, routers, faults in force, and what is real")
  .option("--json", "for programs")
  .action(async ({ json }: { json?: boolean }) => {
    const status = await labStatus();
    process.stdout.write(
      `${json === true ? JSON.stringify(status, undefined, 2) : statusText(status)}\n`,
    );
  });

program
  .command("start")
  .description("start the lab; machines that ran when it was stopped run again")
  .action(async () => {
    const progress = new Progress(2);
    const tools = await progress.step("tools", ensureTools);
    await progress.step("lab", (report) => startLab({ tools, log: report }));
  });

program
  .command("stop")
  .description("stop machines and lab, and keep everything they have")
  .action(async () => {
    await new Progress(1).step("stopping machines and lab", stopLab);
  });

program
  .command("reset")
  .description("stop the lab and remove all that it has")
  .action(async () => {
    await new Progress(1).step("removing the lab", resetLab);
  });

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof LabNotRunning ? 3 : 1;
}
