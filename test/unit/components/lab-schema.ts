import { readFileSync } from "node:fs";
import { closed, type Schema } from "./json-schema.ts";

const read = (path: string): Schema =>
  JSON.parse(readFileSync(new URL(`../../../lab/${path}`, import.meta.url), "utf8")) as Schema;

/** Schema of the values that a chart takes. */
export const valuesSchema = (chart: string): Schema => read(`charts/${chart}/values.schema.json`);

/** Schema of a kind of custom resource, from its file in the lab. */
export const kindSchema = (path: string): Schema => closed(read(path));
