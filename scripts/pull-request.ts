/**
 * `npm run pull-request -- FILE ...`: puts the files' texts, one section a site, into the pull request's one comment,
 * secrets masked. Runs in a pull request's workflow: GITHUB_REPOSITORY, GITHUB_TOKEN and PULL_REQUEST name it.
 */
import { readFile } from "node:fs/promises";
import { main, say } from "./site-stack.ts";
import { setComment } from "./pull-request/comment.ts";
import { maskSecrets, secretValues } from "./pull-request/mask.ts";

function variable(name: string): string {
  const value = process.env[name] ?? "";
  if (value === "") throw new Error(`${name} is not set; this runs in a pull request's workflow`);
  return value;
}

await main(async () => {
  const files = process.argv.slice(2);
  if (files.length === 0) throw new Error("name the files with the previews");
  const sections = await Promise.all(files.sort().map((file) => readFile(file, "utf8")));
  const text = maskSecrets(sections.join("\n"), secretValues(process.env));
  const outcome = await setComment(
    {
      api: process.env["GITHUB_API_URL"] ?? "https://api.github.com",
      repository: variable("GITHUB_REPOSITORY"),
      number: Number(variable("PULL_REQUEST")),
      token: variable("GITHUB_TOKEN"),
    },
    text,
  );
  say(`comment ${outcome}`);
});
