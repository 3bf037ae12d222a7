import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { DefinitionSet } from "../../../components/definitions/definition-set.ts";
import { ensureRepositories } from "../../../toolchain/repositories.ts";
import { closed, violations } from "./json-schema.ts";

interface Definition {
  readonly kind: string;
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: object };
    }[];
  };
}

/** A custom resource as the program registers it. */
export interface SeenObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: unknown;
}

/** Judges custom resources by the definitions of pinned sets, as they are in their repositories. */
export async function judge(
  sets: readonly DefinitionSet[],
): Promise<(object: SeenObject) => readonly string[]> {
  const repositories = await ensureRepositories();
  const schemas = new Map<string, object>();
  for (const { url } of sets.flatMap(({ files }) => files)) {
    const text = readFileSync(join(repositories, new URL(url).pathname), "utf8");
    for (const document of parseAllDocuments(text)) {
      const { kind, spec } = document.toJS() as Definition;
      if (kind !== "CustomResourceDefinition") continue;
      for (const { name, schema } of spec.versions)
        schemas.set(`${spec.group}/${name} ${spec.names.kind}`, closed(schema.openAPIV3Schema));
    }
  }
  return ({ apiVersion, kind, spec }) => {
    const schema = schemas.get(`${apiVersion} ${kind}`);
    if (schema === undefined) return [`${apiVersion} ${kind}: is not served`];
    return violations(schema, { apiVersion, kind, metadata: {}, spec });
  };
}
