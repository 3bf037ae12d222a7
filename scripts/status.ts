/**
 * `npm run status -- --stack home [--json]`: how a site is, in tables: its names with what they answer, hosts, machines and
 * nodes, alerts, certificates, backups, storage and versions; what is wrong comes first. It only looks. Exit status as the
 * doctor's: 0 fine, 1 errors (or it could not work), 2 warnings only.
 */
import { exitStatus } from "../stacks/doctor/finding.ts";
import { main, selectStack, stackCommand } from "./site-stack.ts";
import { soundSite } from "./sound-site.ts";
import { siteStatus } from "./status/look.ts";
import { statusText } from "./status/text.ts";

const command = stackCommand("status", "show how a site is")
  .option("--json", "print the same for programs")
  .parse();
const { stack: name, json } = command.opts<{ stack: string; json?: true }>();

await main(async () => {
  const site = await soundSite(await selectStack(name, { existing: true }), name);
  const status = await siteStatus(site);
  process.stdout.write(
    json === true ? `${JSON.stringify(status, undefined, 2)}\n` : statusText(status),
  );
  process.exitCode = exitStatus(status.seen.summary);
});
