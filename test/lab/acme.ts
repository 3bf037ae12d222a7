/** What Let's Encrypt was asked for, by its own log, to which each start of the lab adds. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { paths } from "./command.ts";

const log = async (): Promise<string> => readFile(join(paths.logs, "letsencrypt.log"), "utf8");

/** How often proof of a name was looked for: once in an order of that name alone. */
export async function validationsOf(name: string): Promise<number> {
  return [...(await log()).matchAll(/Identifier\{Type:"dns", Value:"([^"]+)"\}/g)].filter(
    ([, value]) => value === name,
  ).length;
}

/** How many certificates were ordered (pebble's wfe.go). */
export async function ordersPlaced(): Promise<number> {
  return [...(await log()).matchAll(/Added order "[^"]+" to the db/g)].length;
}
