import { z } from "zod";

/** A JSON schema as far as this project reads one. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly [key: string]: unknown;
}

/** How an encrypted value stands in the file, after `pulumi config set --secret`. */
const encrypted: JsonSchema = {
  type: "object",
  description: "Encrypted value; `config:NAME` refers to it",
  properties: { secure: { type: "string" } },
  required: ["secure"],
  additionalProperties: false,
};

/** The JSON schema of a `Pulumi.STACK.yaml` of this project (draft 2020-12), for editors; `config` reads its namespace `homelab:`. */
export function siteJsonSchema(config: z.ZodType): JsonSchema {
  const { properties = {}, required = [] } = z.toJSONSchema(config, {
    io: "input",
  }) as JsonSchema;
  const keys = Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [`homelab:${key}`, value]),
  );
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "A homelab site",
    type: "object",
    required: ["config"],
    properties: {
      encryptionsalt: { type: "string" },
      secretsprovider: { type: "string" },
      encryptedkey: { type: "string" },
      config: {
        type: "object",
        required: required.map((key) => `homelab:${key}`),
        properties: keys,
        patternProperties: {
          "^secrets:[A-Za-z][A-Za-z0-9_-]*$": encrypted,
          // Other namespaces, such as `pulumi:`, are none of this schema's business.
          "^(?!homelab:|secrets:)[a-zA-Z0-9_-]+:": {},
        },
        additionalProperties: false,
      },
    },
    additionalProperties: false,
  };
}
