import { type z } from "zod";
import type { Refuse } from "./api-error.ts";

/** A JSON object as it was sent; members that nothing reads are kept and echoed. */
export type JsonObject = Record<string, unknown>;

/** True for objects, not for arrays and null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value without members that are null, at every depth: the API reads null as "not given". */
export function withoutNulls<T>(value: T): T {
  if (Array.isArray(value)) return value.map((item: unknown) => withoutNulls(item)) as T;
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(kept.map(([name, member]) => [name, withoutNulls(member)])) as T;
}

/** The object without one member. */
export function without(object: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([member]) => member !== name));
}

/** The body if it has the schema's form. Throws the family's error with the path of the first mistake. */
export function accept<T>(schema: z.ZodType<T>, body: unknown, refuse: Refuse): T {
  const { success, data, error } = schema.safeParse(body);
  if (success) return data;
  const [issue] = error.issues;
  const where = issue?.path.join(".") ?? "";
  throw refuse(`${where === "" ? "body" : where}: ${issue?.message ?? "invalid"}`);
}
