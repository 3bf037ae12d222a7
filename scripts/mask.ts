/**
 * `COMMAND 2>&1 | npm run --silent mask -- --stack home`: passes a text on without the values of the site's secrets, those
 * of the environment's secret variables, and everything that has a secret's form. It stands where a text is made, before
 * anything keeps it. Where a secret of the site cannot be read, it passes on nothing: it could not be told from the rest.
 */
import { text } from "node:stream/consumers";
import { knownSecrets } from "../stacks/parts/secrets/doctor.ts";
import { readSite } from "./doctor/site.ts";
import { maskSecrets, secretLines, secretValues } from "./pull-request/mask.ts";
import { main, selectStack, stackCommand } from "./site-stack.ts";

const { stack: name } = stackCommand("mask", "pass a text on without a site's secrets")
  .parse()
  .opts<{ stack: string }>();

/** Values of all secrets that the site's file refers to; none where the file itself is not sound, for then none was read. */
async function siteValues(): Promise<readonly string[]> {
  const site = await readSite(await selectStack(name, { existing: true }), name);
  if (!("config" in site)) return [];
  const { known, findings } = await knownSecrets(site);
  const unread = findings.filter(({ severity }) => severity !== "ok");
  if (unread.length > 0) {
    const why = unread.map(({ subject, text: reason }) => `${subject}: ${reason}`).join("\n");
    throw new Error(`the text is kept back, for it cannot be told what in it is secret:\n${why}`);
  }
  return [...known.values()];
}

await main(async () => {
  // Read to its end in any case: who writes it would break off else.
  const [said, values] = await Promise.allSettled([text(process.stdin), siteValues()]);
  if (said.status === "rejected") throw said.reason;
  if (values.status === "rejected") throw values.reason;
  const all = [...secretValues(process.env), ...secretLines(values.value)];
  process.stdout.write(maskSecrets(said.value, all));
});
