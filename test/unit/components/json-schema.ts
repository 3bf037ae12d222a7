/** A JSON schema with the keywords that the project's schema files use. */
export interface Schema {
  /** `#/$defs/NAME`. */
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

/** Where a value breaks a schema, as `path: reason`; a small subset of JSON schema. */
export function violations(
  written: Schema,
  value: unknown,
  path = "$",
  definitions = written.$defs ?? {},
): readonly string[] {
  const named = definitions[written.$ref?.replace("#/$defs/", "") ?? ""];
  if (written.$ref !== undefined && named === undefined) throw new Error(`no ${written.$ref}`);
  const schema = named ?? written;
  const inner = (within: Schema, one: unknown, at: string): readonly string[] =>
    violations(within, one, at, definitions);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined && choices.every((choice) => inner(choice, value, path).length > 0)) {
    return [`${path}: fits no alternative`];
  }
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length > 0 && !types.some((type) => hasType(type, value)))
    return [`${path}: is no ${types.join(" or ")}`];
  if (schema.enum !== undefined && !schema.enum.includes(value))
    return [`${path}: ${String(value)} is not allowed`];
  if (
    typeof value === "number" &&
    (value < (schema.minimum ?? value) || value > (schema.maximum ?? value))
  ) {
    return [`${path}: ${value} is out of range`];
  }
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined
      ? []
      : value.flatMap((item, i) => inner(items, item, `${path}[${i}]`));
  }
  if (typeof value !== "object" || value === null) return [];
  const missing = (schema.required ?? [])
    .filter((key) => !(key in value))
    .map((key) => `${path}.${key}: is missing`);
  return [
    ...missing,
    ...Object.entries(value).flatMap(([key, one]) => {
      const at = `${path}.${key}`;
      const known = schema.properties?.[key];
      if (known !== undefined) return inner(known, one, at);
      if (schema.additionalProperties === false) return [`${at}: is not known`];
      return typeof schema.additionalProperties === "object"
        ? inner(schema.additionalProperties, one, at)
        : [];
    }),
  ];
}

/** A kind's schema without room for fields that it does not list: the API server would drop them in silence. */
export function closed<Schema extends object>(schema: Schema): Schema {
  const inner = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? closed(value as object)
        : value,
    ]),
  ) as Schema & Record<string, unknown>;
  const open = "x-kubernetes-preserve-unknown-fields" in inner || "additionalProperties" in inner;
  return "properties" in inner && inner["type"] === "object" && !open
    ? { ...inner, additionalProperties: false }
    : inner;
}

function hasType(type: string, value: unknown): boolean {
  switch (type) {
    case "integer":
      return Number.isInteger(value);
    case "array":
      return Array.isArray(value);
    case "null":
      return value === null;
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    default:
      return typeof value === type;
  }
}
