/**
 * `npm run doctor -- --stack home [--all] [--json]`: looks at everything that a site needs and has, before the first `up`
 * and when something is wrong; changes nothing. Exit status: 0 fine, 1 errors (or the doctor could not work), 2 warnings
 * only.
 */
import { examine } from "./doctor/examination.ts";
import { exitStatus, sorted, summarise, type Finding } from "../stacks/doctor/finding.ts";
import { render } from "./doctor/render.ts";
import { readSite } from "./doctor/site.ts";
import { main, selectStack, stackCommand } from "./site-stack.ts";

const command = stackCommand("doctor", "look at everything that a site needs")
  .option("--all", "show what is fine too")
  .option("--json", "print {findings, summary} for programs")
  .parse();
const { stack: name, all, json } = command.opts<{ stack: string; all?: true; json?: true }>();

await main(async () => {
  const site = await readSite(await selectStack(name), name);
  const findings: readonly Finding[] = "config" in site ? await examine(site) : site;
  const summary = summarise(findings);
  process.stdout.write(
    json === true
      ? `${JSON.stringify({ findings: sorted(findings), summary }, undefined, 2)}\n`
      : render(name, findings, all === true),
  );
  process.exitCode = exitStatus(summary);
});
