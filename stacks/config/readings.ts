import { z } from "zod";
import type { JsonSchema } from "./json-schema.ts";

type Values = Record<string, unknown>;

/** Of what could not be read, one reading has this and the other has that. */
type Reading = 0 | 1;

/**
 * Two readings of a config with mistakes, each with another value wherever the file has none that can be read, so that
 * what holds of both does not depend on these. Undefined when no such reading is found.
 */
export function twoReadings<Schema extends z.ZodObject>(
  schema: Schema,
  values: Readonly<Values>,
): readonly [z.infer<Schema>, z.infer<Schema>] | undefined {
  const json = z.toJSONSchema(schema, { io: "input" }) as JsonSchema;
  const [one, other] = ([0, 1] as const).map((which) => reading(schema, json, values, which));
  return one === undefined || other === undefined ? undefined : [one, other];
}

function reading<Schema extends z.ZodObject>(
  schema: Schema,
  json: JsonSchema,
  values: Readonly<Values>,
  which: Reading,
): z.infer<Schema> | undefined {
  const repaired = structuredClone(values) as Values;
  // A value that is still refused takes the one around it along, at last the whole part.
  for (let round = 0; round < 6; round += 1) {
    const { success, data, error } = schema.safeParse(repaired);
    if (success) return data;
    for (const issue of error.issues) repair(json, repaired, issue, which, round);
  }
  return undefined;
}

function repair(
  json: JsonSchema,
  values: Values,
  issue: z.core.$ZodIssue,
  which: Reading,
  round: number,
): void {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    const around = valueAt(values, path) as Values;
    for (const key of issue.keys) Reflect.deleteProperty(around, key);
    // It may have been meant as any key that is not there.
    if (which === 1) addOptional(schemaAt(json, path), around);
    return;
  }
  if (issue.code === "invalid_key") {
    Reflect.deleteProperty(valueAt(values, path.slice(0, -1)) as Values, path.at(-1) ?? "");
    return;
  }
  const place = path.slice(0, Math.max(1, path.length - Math.max(0, round - 1)));
  const around = valueAt(values, place.slice(0, -1)) as Values;
  around[place.at(-1) ?? ""] = standIn(schemaAt(json, place), which);
}

function addOptional(schema: JsonSchema | undefined, values: Values): void {
  for (const [key, part] of Object.entries(schema?.properties ?? {})) {
    if (!(key in values)) values[key] = standIn(part, 1);
  }
}

function valueAt(values: unknown, path: readonly string[]): unknown {
  return path.reduce((value, key) => (value as Values)[key], values);
}

function schemaAt(json: JsonSchema, path: readonly string[]): JsonSchema | undefined {
  return path.reduce<JsonSchema | undefined>((schema, key) => {
    const named = schema?.additionalProperties;
    return (
      schema?.properties?.[key] ?? schema?.items ?? (typeof named === "object" ? named : undefined)
    );
  }, json);
}

/** A value that a schema takes, made of its examples and defaults. */
function standIn(schema: JsonSchema | undefined, which: Reading): unknown {
  if (schema === undefined) return undefined;
  const { enum: choices, properties, items, additionalProperties: named, required = [] } = schema;
  const many = schema as { anyOf?: readonly JsonSchema[]; minItems?: number };
  if (choices !== undefined) return choices[which] ?? choices[0];
  if (properties !== undefined) {
    const inner = Object.entries(properties).filter(([key]) => required.includes(key));
    return Object.fromEntries(inner.map(([key, part]) => [key, standIn(part, which)]));
  }
  if (items !== undefined) {
    const length = (many.minItems ?? 0) + which;
    return Array.from({ length }, () => standIn(items, which));
  }
  if (typeof named === "object") {
    const [whole] = (schema["examples"] ?? []) as readonly unknown[];
    if (which === 1 && whole !== undefined) return structuredClone(whole);
    const names = schema["propertyNames"] as { examples?: readonly string[] } | undefined;
    const name = names?.examples?.[0];
    return which === 1 && name !== undefined ? { [name]: standIn(named, which) } : {};
  }
  const [written = schema.default] = (schema["examples"] ?? []) as readonly unknown[];
  if (written === undefined && many.anyOf !== undefined) return standIn(many.anyOf[0], which);
  const example = written ?? fallbacks[schema.type ?? ""];
  return which === 0 ? example : another(example);
}

const fallbacks: Readonly<Record<string, unknown>> = { string: "a", boolean: false, integer: 1 };

/** Another value of the same form. */
function another(value: unknown): unknown {
  if (typeof value === "number") return value + 1;
  if (typeof value === "boolean") return !value;
  if (typeof value !== "string") return value;
  return value.replace(/[a-z0-9](?=[^a-z0-9]*$)/i, (last) => {
    if (/\d/.test(last)) return last === "9" ? "8" : String(Number(last) + 1);
    return /[a]/i.test(last) ? "b" : "a";
  });
}
