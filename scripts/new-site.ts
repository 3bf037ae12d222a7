/**
 * `npm run new-site`: asks what only the owner of a site knows, and writes Pulumi.NAME.yaml. Answers come from options, from
 * a terminal, or line by line from standard input. Nothing is written that the program would refuse, and nothing is
 * written over.
 */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Command } from "commander";
import { siteSchema } from "../stacks/schema.ts";
import { parseSiteConfig } from "../stacks/site-file.ts";
import { checkSites, describeClashes } from "../stacks/sites/checks.ts";
import { hostsIn, questions, type Key, type Question, type Typed } from "./new-site/questions.ts";
import { siteText } from "./new-site/site-text.ts";
import { siteFile, siteValues } from "./site-file.ts";
import { readSiteFiles } from "./site-files.ts";
import { main, projectDirectory, say } from "./site-stack.ts";

const command = new Command("new-site")
  .description("write the file of a new site")
  .option("-y, --yes", "take what is usual for everything that no option says");
for (const { key, text } of questions) command.option(`--${key} <answer>`, text);
const options = command.parse().opts<Typed & { yes?: boolean }>();

const lines = createInterface({ input: process.stdin, crlfDelay: Infinity })[
  Symbol.asyncIterator
]();

await main(async () => {
  const typed: Partial<Record<Key, string>> = {};
  for (const question of questions) {
    if (question.due?.(typed) === false) continue;
    const answer = await answerTo(question, typed);
    typed[question.key] = answer;
    if (question.key === "name" && existsSync(fileOf(answer)))
      throw new Error(`${fileOf(answer)} is there already, and nothing is written over it`);
  }
  const name = typed.name ?? "";
  const text = siteText(
    {
      name,
      domain: typed.domain ?? "",
      lan: typed.lan ?? "",
      hosts: hostsIn(typed.hosts ?? ""),
      vip: typed.vip ?? "",
      router: typed.router ?? "",
      ...(typed.token === undefined || typed.token === "" ? {} : { apiToken: typed.token }),
      ...(typed.connect === undefined ? {} : { connect: typed.connect }),
    },
    knownVersions(),
  );
  const { config, problems } = parseSiteConfig(siteValues(text), name);
  if (config === undefined) {
    const told = problems.map((problem) => `  ${problem.path}: ${problem.text}`);
    throw new Error(["these answers make no site; nothing was written:", ...told].join("\n"));
  }
  writeFileSync(fileOf(name), text, { flag: "wx" });
  say(nextSteps(name, typed.token ?? ""));
  const clashes = checkSites(readSiteFiles(process.cwd()).sites).filter((clash) =>
    [clash.at.site, clash.against.site].includes(name),
  );
  if (clashes.length > 0) say(describeClashes(clashes));
});
// Else a terminal that nobody types in any more would keep the command alive.
process.stdin.destroy();

function fileOf(name: string): string {
  return join(process.cwd(), `Pulumi.${name}.yaml`);
}

/** The answer by option, else typed; asked again in a terminal while it is wrong. Throws when there is none, or a wrong one. */
async function answerTo(question: Question, typed: Typed): Promise<string> {
  const { key, usual, problem } = question;
  const given = options[key];
  if (given !== undefined) return checked(given);
  if (options.yes === true && usual !== undefined) return usual(typed);
  for (;;) {
    const answer = await ask(question, typed);
    const wrong = problem(answer);
    if (wrong === undefined) return answer;
    if (!process.stdin.isTTY) return checked(answer);
    say(`  ${wrong}`);
  }

  function checked(answer: string): string {
    const wrong = problem(answer);
    if (wrong !== undefined) throw new Error(`--${key}: ${wrong}`);
    return answer;
  }
}

async function ask({ key, text, usual }: Question, typed: Typed): Promise<string> {
  const fallback = usual?.(typed);
  process.stderr.write(`${text}${fallback === undefined ? "" : ` [${fallback}]`}: `);
  const { done, value } = options.yes === true ? { done: true } : await lines.next();
  if (done === true) {
    process.stderr.write("\n");
    throw new Error(`--${key} is missing: ${text}`);
  }
  const answer = (value ?? "").trim();
  return answer === "" ? (fallback ?? "") : answer;
}

/** Versions of the home site, which the lab rehearses and a bot raises. */
function knownVersions() {
  const values = siteFile(join(projectDirectory, "Pulumi.home.yaml"));
  return siteSchema.shape.versions.parse(JSON.parse(values["homelab:versions"] ?? "{}"));
}

function nextSteps(name: string, token: string): string {
  const secret = /^config:(.+)$/.exec(token)?.[1];
  const credentials =
    secret === undefined
      ? "the credentials of docs/install.md, step 4"
      : `the credentials of docs/install.md, step 4, and pulumi config set --stack ${name} --secret secrets:${secret}`;
  return `wrote Pulumi.${name}.yaml. Next:
  1. read it: are addresses and VM ids free? npm run check-sites holds it against your other sites
     Pulumi.sample.yaml explains what can be added
  2. ${credentials}
  3. npm run doctor -- --stack ${name}
  4. npm run preview -- --stack ${name}, then npm run up -- --stack ${name}`;
}
