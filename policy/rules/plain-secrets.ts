import type { Finding, ResourceRule, SeenResource } from "../rule.ts";
import { secretForm, secretName, secretVariable } from "../secret-forms.ts";
import { at, elements, fields, Hidden, isMap, text, unknown, type Seen } from "../seen.ts";

const remedy =
  "pass it as a secret (a `SecretRef` of the config, or pulumi.secret), so that state and output hide it";

/** What the engine is not told to hide stands readable in the state, in every diff and in every log. */
export const plainSecrets: ResourceRule = {
  name: "no-plain-secrets",
  description:
    "A secret is marked as one for the engine, and lives only where its reader expects one: not in a ConfigMap, a pod's " +
    "specification or a command line, which many may read.",
  judge: (resource) => [
    ...exposed(resource),
    ...fields(resource.inputs).flatMap(([key, value]) => plain(key, key, value)),
  ],
};

/** Values in plain that look like secrets, or that are named like them. */
function plain(path: string, name: string, value: Seen): readonly Finding[] {
  if (value instanceof Hidden || value === unknown || value === null) return [];
  if (typeof value === "string") {
    const form = secretForm(value);
    if (form !== undefined) return [`${path} holds ${form} in plain text; ${remedy}`];
    return secretName(name) && value !== "" && !value.startsWith("op://")
      ? [`${path} holds a value in plain text that its name calls secret; ${remedy}`]
      : [];
  }
  return [
    ...elements(value).flatMap((element, i) => plain(`${path}[${i}]`, name, element)),
    ...(isMap(value)
      ? fields(value).flatMap(([key, field]) => plain(`${path}.${key}`, key, field))
      : []),
  ];
}

/** Secrets, marked or not, in places that others may read. */
function exposed({ type, inputs }: SeenResource): readonly Finding[] {
  if (type === "kubernetes:core/v1:Secret") return secretObject(inputs);
  if (type === "kubernetes:core/v1:ConfigMap") return configMap(inputs);
  if (type === "command:remote:Command" || type === "command:local:Command") return command(inputs);
  if (type === "random:index/randomBytes:RandomBytes")
    return [
      "its provider makes the bytes the resource's id, which no state hides; use RandomPassword",
    ];
  if (!type.startsWith("kubernetes:") || type.startsWith("kubernetes:helm.sh/")) return [];
  return pods("", inputs);
}

function secretObject(inputs: SeenResource["inputs"]): readonly Finding[] {
  return ["data", "stringData"].flatMap((part) => {
    const content = inputs[part];
    if (content === undefined || content instanceof Hidden || content === unknown) return [];
    return fields(content).flatMap(([key, value]) =>
      value instanceof Hidden || value === unknown || text(value) === ""
        ? []
        : [`${part}.${key} is in plain text; ${remedy}`],
    );
  });
}

function configMap(inputs: SeenResource["inputs"]): readonly Finding[] {
  return ["data", "binaryData"].flatMap((part) =>
    inputs[part] instanceof Hidden
      ? [`${part} is secret, and everybody in the cluster may read a ConfigMap; use a Secret`]
      : fields(inputs[part]).flatMap(([key, value]) =>
          value instanceof Hidden
            ? [`${part}.${key} is secret, and a ConfigMap may be read by many; use a Secret`]
            : [],
        ),
  );
}

/** Command lines are printed when they fail, and shown by `ps` on the machine. */
function command(inputs: SeenResource["inputs"]): readonly Finding[] {
  return ["create", "update", "delete"].flatMap((part) =>
    inputs[part] instanceof Hidden
      ? [
          `${part} is secret, and a command line is seen by everybody on the machine; give secrets on stdin`,
        ]
      : [],
  );
}

/** Environment and arguments of containers, wherever a pod's specification stands. */
function pods(path: string, value: Seen): readonly Finding[] {
  const inner = [
    ...elements(value).map((element, i) => [`${path}[${i}]`, element] as const),
    ...fields(value).map(([key, field]) => [path === "" ? key : `${path}.${key}`, field] as const),
  ];
  return inner.flatMap(([where, field]) => {
    if (where.endsWith(".env")) return environment(where, field);
    if (/ontainers\[\d+\]\.(args|command)$/.test(where)) return argumentsOf(where, field);
    return pods(where, field);
  });
}

function environment(where: string, variables: Seen): readonly Finding[] {
  return elements(variables).flatMap((variable, i) => {
    const name = text(at(variable, "name")) ?? "";
    const value = fields(variable).find(([key]) => key === "value")?.[1];
    if (value === undefined || value === null || value === "") return [];
    return value instanceof Hidden || variable instanceof Hidden || secretVariable(name)
      ? [
          `${where}[${i}] (${name}) puts a secret into the pod's specification, which many may read; use ` +
            "valueFrom.secretKeyRef",
        ]
      : [];
  });
}

function argumentsOf(where: string, list: Seen): readonly Finding[] {
  const secret = list instanceof Hidden || elements(list).some((one) => one instanceof Hidden);
  return secret
    ? [
        `${where} holds a secret, which everybody on the node sees; mount a Secret or set it by secretKeyRef`,
      ]
    : [];
}
