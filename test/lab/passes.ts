/** How programs pass Access, and what the page behind it tells. */
import assert from "node:assert/strict";
import { run } from "./command.ts";
import type { Visit } from "./world.ts";

interface ServiceToken {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** The token of home's programs. */
export async function serviceToken(): Promise<ServiceToken> {
  const text = await run`pulumi stack output serviceTokens --show-secrets --json --stack home`;
  const token = (JSON.parse(text) as Record<string, ServiceToken>)["monitoring"];
  assert.ok(token, "there is no service token");
  return token;
}

/** Lines of curl's config with which a program shows its token. */
export const asProgram = ({ clientId, clientSecret }: ServiceToken): string[] => [
  `header = "CF-Access-Client-Id: ${clientId}"`,
  `header = "CF-Access-Client-Secret: ${clientSecret}"`,
];

/** The text of one element of the application's page, by its id. */
export function shown(page: Visit, id: string): string {
  const found = new RegExp(`id="${id}">([^<]*)<`).exec(page.body)?.[1];
  assert.ok(found !== undefined, `the page shows no ${id}: ${page.body}`);
  return found;
}
