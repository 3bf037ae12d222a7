import { z } from "zod";
import { parseSecretRef, secretRefPattern } from "../../components/security/secret-ref.ts";
import type { SecretUse } from "../../components/security/secrets.ts";
import { configPath } from "./problem.ts";

/** What a secret's value must look like, and what to say when it does not. */
export type SecretForm = NonNullable<SecretUse["form"]>;

/** Of one line without blanks, as tokens are; anything else cannot stand in a header. */
export const oneLine: SecretForm = {
  pattern: /^[\x21-\x7e]+$/,
  text: "is read, but holds spaces, line breaks or other characters that no token has; keep the bare value",
};

const noReference =
  "use a reference: op://vault/item/field (1Password), or config:NAME after `pulumi config set --secret secrets:NAME`; " +
  'a secret itself never stands in a site file. A title or label with / ? " or \\ in it is named by its id';

/** What `op read` knows besides: https://developer.1password.com/docs/cli/secret-reference-syntax/#query-parameters */
const asksMore = /^op:\/\/[^?]*\?[a-z-]+=[a-z-]+$/;
const noQuery =
  "asks by `?` for what is made of a field, such as a one-time code, which would be another one before it is used; leave " +
  "`?` and what follows out: a field is read as it is kept, of a one-time password what its codes are made of";

interface Place {
  readonly form?: SecretForm;
}

/** Every place of a schema that holds a reference, with the form of the value behind it. */
const places = new WeakMap<z.core.$ZodType, Place>();

/** The place that a schema is, or is a copy of, as `describe` makes one. */
function placeOf(schema: z.core.$ZodType): Place | undefined {
  const { parent } = schema._zod;
  return places.get(schema) ?? (parent && placeOf(parent));
}

/**
 * A secret by reference; its value never stands in a site file. `about` is the line that people read of it,
 * `example` a reference, `form` what the value must look like.
 */
export function secretRef(about: string, example: string, form?: SecretForm): z.ZodString {
  const schema = z
    .string()
    // The text may be the secret itself: no message repeats it.
    .refine((text) => parseSecretRef(text) !== undefined, {
      error: ({ input }) => (asksMore.test(String(input)) ? noQuery : noReference),
    })
    .meta({ pattern: secretRefPattern, description: about, examples: [example] });
  places.set(schema, { form });
  return schema;
}

/** Every reference in a value that `schema` has read, with the path that holds it, in the schema's order. */
export function secretUses(
  schema: z.core.$ZodType,
  value: unknown,
  path: readonly PropertyKey[] = [],
): readonly SecretUse[] {
  if (value === undefined || value === null) return [];
  const place = placeOf(schema);
  if (place !== undefined) return [{ path: configPath(path), ref: value as string, ...place }];
  const { def } = schema._zod as { def: z.core.$ZodTypes["_zod"]["def"] };
  const inside = (inner: z.core.$ZodType, key: PropertyKey, content: unknown) =>
    secretUses(inner, content, [...path, key]);
  // Optional, with a default and so on: the value is what the inner schema reads.
  if ("innerType" in def) return secretUses(def.innerType, value, path);
  if (def.type === "object") {
    return Object.entries(def.shape).flatMap(([key, inner]) =>
      inside(inner, key, (value as Record<string, unknown>)[key]),
    );
  }
  if (def.type === "record") {
    return Object.entries(value as Record<string, unknown>).flatMap(([key, content]) =>
      inside(def.valueType, key, content),
    );
  }
  if (def.type === "array") {
    return (value as readonly unknown[]).flatMap((content, i) => inside(def.element, i, content));
  }
  return [];
}
