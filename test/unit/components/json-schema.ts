/** A JSON schema with the keywords that the project's schema files use. */
interface Schema {
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
export function violations(schema: Schema, value: unknown, path = "$"): readonly string[] {
  const choices = schema.anyOf ?? schema.oneOf;
  if (
    choices !== undefined &&
    choices.every((choice) => violations(choice, value, path).length > 0)
  ) {
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
      : value.flatMap((item, i) => violations(items, item, `${path}[${i}]`));
  }
  if (typeof value !== "object" || value === null) return [];
  const missing = (schema.required ?? [])
    .filter((key) => !(key in value))
    .map((key) => `${path}.${key}: is missing`);
  return [
    ...missing,
    ...Object.entries(value).flatMap(([key, inner]) =>
      member(schema, key, inner, `${path}.${key}`),
    ),
  ];
}

function member(schema: Schema, key: string, value: unknown, path: string): readonly string[] {
  const known = schema.properties?.[key];
  if (known !== undefined) return violations(known, value, path);
  if (schema.additionalProperties === false) return [`${path}: is not known`];
  return typeof schema.additionalProperties === "object"
    ? violations(schema.additionalProperties, value, path)
    : [];
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
