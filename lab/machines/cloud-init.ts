import { gunzipSync } from "node:zlib";
import { parse as parseYaml, YAMLParseError } from "yaml";
import { z } from "zod";

/**
 * The subset of cloud-config that the lab's machines honour. Everything else is refused with its path: a key that
 * a real machine would act on and the lab would skip makes the rehearsal worthless.
 * https://cloudinit.readthedocs.io/en/latest/reference/modules.html
 */
const keys = z.array(z.string().min(1));
const shellCommand = z.union([z.string(), z.array(z.coerce.string())]);

const userSchema = z.strictObject({
  name: z.string().regex(/^[a-z_][a-z0-9_-]*$/, "a user name: lower-case letters, digits, _ and -"),
  gecos: z.string().optional(),
  groups: z.union([z.string(), z.array(z.string())]).optional(),
  primary_group: z.string().optional(),
  shell: z.string().startsWith("/").optional(),
  sudo: z.union([z.string(), z.array(z.string()), z.literal(false), z.null()]).optional(),
  lock_passwd: z.boolean().optional(),
  passwd: z.string().startsWith("$", "a crypt(3) hash that starts with $").optional(),
  hashed_passwd: z.string().startsWith("$", "a crypt(3) hash that starts with $").optional(),
  ssh_authorized_keys: keys.optional(),
  uid: z.coerce.number().int().positive().optional(),
  homedir: z.string().startsWith("/").optional(),
  no_create_home: z.boolean().optional(),
  system: z.boolean().optional(),
});

const encodings = [
  "text/plain",
  "b64",
  "base64",
  "gz",
  "gzip",
  "gz+b64",
  "gz+base64",
  "gzip+b64",
  "gzip+base64",
];

const fileSchema = z.strictObject({
  path: z.string().startsWith("/", "an absolute path"),
  content: z.string().default(""),
  owner: z.string().default("root:root"),
  permissions: z
    .union([z.string().regex(/^0?[0-7]{3,4}$/, 'octal, for example "0644"'), z.number()])
    .default("0644"),
  encoding: z.enum(encodings).default("text/plain"),
  append: z.boolean().default(false),
  defer: z.boolean().default(false),
});

const schema = z.strictObject({
  hostname: z.string().optional(),
  fqdn: z.string().optional(),
  manage_etc_hosts: z
    .union([z.boolean(), z.literal("localhost"), z.literal("template")])
    .default(false),
  user: z.string().optional(),
  password: z.string().startsWith("$", "a crypt(3) hash that starts with $").optional(),
  chpasswd: z.strictObject({ expire: z.boolean().optional() }).optional(),
  users: z.array(z.union([z.literal("default"), userSchema])).default(["default"]),
  ssh_authorized_keys: keys.default([]),
  disable_root: z.boolean().default(true),
  ssh_pwauth: z.boolean().default(false),
  ssh_deletekeys: z.boolean().default(true),
  ssh_genkeytypes: z.array(z.enum(["rsa", "ecdsa", "ed25519"])).default(["ed25519"]),
  ssh_keys: z.strictObject({ ed25519_private: z.string(), ed25519_public: z.string() }).optional(),
  write_files: z.array(fileSchema).default([]),
  package_update: z.boolean().default(false),
  package_upgrade: z.boolean().default(false),
  packages: z.array(z.string()).default([]),
  runcmd: z.array(shellCommand).default([]),
});

/** A cloud-config document with its defaults filled in; the keys are cloud-init's own. */
export type CloudConfig = z.infer<typeof schema>;
export type CloudConfigUser = z.infer<typeof userSchema>;
export type CloudConfigFile = z.infer<typeof fileSchema>;

/**
 * Either a usable document, with what cloud-init's own schema says against it, or every reason why it is not, each as
 * `path: what is wrong`.
 */
export type CloudConfigResult =
  | {
      readonly config: CloudConfig;
      readonly warnings: readonly string[];
      readonly problems?: undefined;
    }
  | { readonly config?: undefined; readonly problems: readonly string[] };

/**
 * Lists that may be left out and not be empty: `minItems` in cloudinit/config/schemas/schema-cloud-config-v1.json. A
 * document that breaks the schema is used all the same, and each of its boots is degraded.
 */
const neverEmpty = ["packages", "runcmd", "ssh_authorized_keys", "ssh_genkeytypes", "write_files"];

function schemaWarnings(document: unknown): readonly string[] {
  const empty = (owner: object, key: string): boolean => {
    const value = (owner as Record<string, unknown>)[key];
    return Array.isArray(value) && value.length === 0;
  };
  const root = document ?? {};
  const { users = [] } = root as { users?: readonly unknown[] };
  const paths = [
    ...neverEmpty.filter((key) => empty(root, key)),
    ...users.flatMap((user, i) =>
      typeof user === "object" && user !== null && empty(user, "ssh_authorized_keys")
        ? [`users.${i}.ssh_authorized_keys`]
        : [],
    ),
  ];
  if (paths.length === 0) return [];
  const reasons = paths.map((path) => `${path}: [] should be non-empty`).join("\n");
  return [`cloud-config failed schema validation!\n${reasons}`];
}

const at = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) =>
      typeof part === "number"
        ? `${text}[${part}]`
        : text === ""
          ? String(part)
          : `${text}.${String(part)}`,
    "",
  );

const describe = (issue: z.core.$ZodIssue, path: readonly PropertyKey[]): string[] => {
  if (issue.code === "unrecognized_keys") {
    const known = path.length === 0 ? `; supported: ${Object.keys(schema.shape).join(", ")}` : "";
    return issue.keys.map(
      (key) => `${at([...path, key])}: not supported by the lab's machines${known}`,
    );
  }
  if (issue.code === "invalid_union") {
    // The branch that came furthest into the value says most about what was meant.
    const branches = issue.errors.filter((errors) => errors.some((error) => error.path.length > 0));
    const keysOf = issue.errors.filter((errors) =>
      errors.some((error) => error.code === "unrecognized_keys"),
    );
    const best = branches[0] ?? keysOf[0];
    if (best) return best.flatMap((error) => describe(error, [...path, ...error.path]));
  }
  return [`${at(path)}: ${issue.message}`];
};

/** Reads a user-data document. Never throws: a machine boots also with a document that it cannot use. */
export function parseCloudConfig(userData: string): CloudConfigResult {
  if (!/^#cloud-config[ \t]*(\r?\n|$)/.test(userData)) {
    const first = userData.split("\n", 1)[0] ?? "";
    return {
      problems: [
        `user-data: starts with ${JSON.stringify(first)}; only documents whose first line is #cloud-config are supported`,
      ],
    };
  }
  let document: unknown;
  try {
    document = parseYaml(userData);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    return { problems: [`user-data: not YAML: ${error.message}`] };
  }
  const parsed = schema.safeParse(document ?? {});
  if (parsed.success) return { config: parsed.data, warnings: schemaWarnings(document) };
  return { problems: parsed.error.issues.flatMap((issue) => describe(issue, issue.path)) };
}

/** The bytes of a `write_files` entry, its encoding undone. */
export function fileContent(file: CloudConfigFile): Buffer {
  const base64 = /(^|\+)b(ase)?64$/.test(file.encoding);
  const raw = Buffer.from(file.content, base64 ? "base64" : "utf8");
  return file.encoding.startsWith("gz") ? gunzipSync(raw) : raw;
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** `runcmd` as the script that cloud-init makes of it: strings are shell, lists are one command each. */
export function runcmdScript(commands: CloudConfig["runcmd"]): string {
  const lines = commands.map((command) =>
    typeof command === "string" ? command : command.map(quoted).join(" "),
  );
  return ["#!/bin/sh", ...lines, ""].join("\n");
}
