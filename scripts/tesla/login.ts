/** The token of the vehicles' owner, by whose leave vehicles are told what to stream. */
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline/promises";
import type { TeslaConfig } from "../../stacks/parts/tesla/schema.ts";
import { say } from "../site-stack.ts";
import type { FleetApi } from "./fleet-api.ts";

/** Where a script puts a token that it has from elsewhere. */
export const tokenVariable = "TESLA_ACCESS_TOKEN";

/**
 * An access token: of the environment, else by a login in the browser, which ends at an address that the person pastes here. None
 * is kept: Tesla's refresh tokens are for one use, and the next push may be months away. Rejects where nobody can be asked.
 */
export async function ownersToken(api: FleetApi, { key }: TeslaConfig): Promise<string> {
  const given = process.env[tokenVariable];
  if (given !== undefined && given !== "") return given;
  if (!process.stdin.isTTY)
    throw new Error(
      `nobody can log in here; set ${tokenVariable} to an access token of the vehicles' owner`,
    );
  const state = randomBytes(16).toString("hex");
  say(`log in as the vehicles' owner:\n\n  ${api.loginUrl(state)}\n`);
  say(
    `the browser ends at https://${key.hostname}/callback, a page that there is not; paste its whole address:`,
  );
  const input = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await api.exchange(codeIn(await input.question("> "), state));
  } finally {
    input.close();
  }
}

/** The code in the address at which a login ends. Throws where it is of another login, or of a refusal. */
export function codeIn(address: string, state: string): string {
  const url = URL.parse(address.trim());
  if (url === null) throw new Error("this is no address; begin again, and paste all of it");
  const { searchParams: found } = url;
  const refused = found.get("error_description") ?? found.get("error");
  if (refused !== null) throw new Error(`Tesla refuses the login: ${refused}`);
  const code = found.get("code");
  if (code === null || found.get("state") !== state)
    throw new Error("the address is not that of this login; begin again");
  return code;
}
