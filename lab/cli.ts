/** `npm run lab -- shell | status | visit | mail | fault | start | stop | reset`. */
import { join } from "node:path";
import { Command } from "commander";
import { Progress } from "../toolchain/progress.ts";
import { ensureTools } from "../toolchain/tools.ts";
import { ControlClient, LabNotRunning } from "./control/client.ts";
import { statusText } from "./control/status-text.ts";
import { labPaths } from "./host/paths.ts";
import { labStatus, passDays, resetLab, runInLab, startLab, stopLab } from "./lab.ts";
import { runAsVisitor } from "./shell/inside.ts";
import type { FaultRuleInput } from "./world/fault-registry.ts";

const control = (): ControlClient => new ControlClient(labPaths().control);

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
  .command("visit")
  .description("a command as somebody on the internet runs it, outside of every site")
  .argument("<command...>", "command to run, after --")
  .passThroughOptions()
  .allowUnknownOption()
  .action(async (command: string[]) => {
    const bundle = join(labPaths().ca, "bundle.pem");
    const { code } = await runAsVisitor(command, { env: { CURL_CA_BUNDLE: bundle } });
    process.exitCode = code;
  });

program
  .command("mail")
  .description("what the services have mailed to people")
  .argument("[address]", "only to this address")
  .action(async (address?: string) => {
    const mails = await control().mail(address);
    const lines = mails.map(({ to, subject }) => `${to}: ${subject}`);
    process.stdout.write(lines.length === 0 ? "no mail\n" : `${lines.join("\n")}\n`);
  });

program
  .command("fault")
  .description("put a fault in force, or end all of them; `status` lists them")
  .argument("[rule]", "JSON; docs/lab.md tells its form")
  .option("--clear", "end every fault")
  .action(async (rule: string | undefined, { clear }: { clear?: boolean }) => {
    if ((rule === undefined) === (clear !== true)) throw new Error("give a rule, or --clear");
    if (rule === undefined) await control().clearFaults();
    else await control().addFault(JSON.parse(rule) as FaultRuleInput);
  });

program
  .command("pass-days")
  .description(
    "let so many days pass: certificates on machines and in the stacks' states get older",
  )
  .argument("<days>", "1 to 3650")
  .action(async (days: string) => {
    await passDays(Number(days));
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
