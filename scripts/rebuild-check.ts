/**
 * `npm run rebuild-check -- --stack home [--json]`: what a total loss of the site would bring back, from when, and what it would
 * not. It looks into the stores outside, asks the cluster nothing, and changes nothing. Exit status 1 where something that is
 * to be saved was never saved or cannot be seen, or where a volume's newest backup is too old.
 */
import { listStore } from "../components/backup/store.ts";
import { knownSecrets } from "../stacks/parts/secrets/doctor.ts";
import { check, isSound, text } from "./rebuild/check.ts";
import { inventory } from "./rebuild/inventory.ts";
import { main, selectStack, stackCommand } from "./site-stack.ts";
import { soundSite } from "./sound-site.ts";

const command = stackCommand("rebuild-check", "say what a total loss would bring back")
  .option("--json", "print the same for programs")
  .parse();
const options = command.opts<{ stack: string; json?: true }>();

await main(async () => {
  const { stack: name, json } = options;
  const site = await soundSite(await selectStack(name, { existing: true }), name);
  const { known } = await knownSecrets(site);
  const rows = await check(inventory(site), known, listStore);
  process.stdout.write(
    json === true ? `${JSON.stringify(rows, undefined, 2)}\n` : text(name, rows),
  );
  if (!isSound(rows)) process.exitCode = 1;
});
