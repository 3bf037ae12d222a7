/**
 * `npm run status -- --stack home [--json | --html FILE]`: how a site is, in tables: its names with what they answer, hosts,
 * machines and nodes, alerts, certificates, backups, storage and versions; what is wrong comes first. As a page of HTML it has
 * a picture too. It only looks. Exit status as the doctor's: 0 fine, 1 errors (or it could not work), 2 warnings only.
 */
import { Option } from "commander";
import { writeFileSync } from "node:fs";
import { exitStatus } from "../stacks/doctor/finding.ts";
import { statusPage } from "../stacks/status/page.ts";
import { main, say, selectStack, stackCommand } from "./site-stack.ts";
import { soundSite } from "./sound-site.ts";
import { siteStatus } from "./status/look.ts";
import { statusText } from "./status/text.ts";

const command = stackCommand("status", "show how a site is")
  .option("--json", "print the same for programs")
  .addOption(new Option("--html <file>", "write it as a page instead").conflicts("json"))
  .parse();
const options = command.opts<{ stack: string; json?: true; html?: string }>();

await main(async () => {
  const { stack: name, json, html } = options;
  const site = await soundSite(await selectStack(name, { existing: true }), name);
  const status = await siteStatus(site);
  if (html !== undefined) {
    writeFileSync(html, statusPage(status, `Made by npm run status -- --stack ${name}`));
    say(`${html} has the status of ${name}`);
  } else {
    process.stdout.write(
      json === true ? `${JSON.stringify(status, undefined, 2)}\n` : statusText(status),
    );
  }
  process.exitCode = exitStatus(status.seen.summary);
});
