import { z } from "zod";
import { ApiError } from "./api-error.ts";
import type { Json } from "./hujson.ts";

const texts = z.array(z.string());
const listsByName = z.record(z.string(), texts).default({});

const acl = z.strictObject({
  action: z.literal("accept"),
  proto: z.string().default(""),
  src: texts.min(1),
  dst: texts.min(1),
  srcPosture: texts.optional(),
});

const grant = z
  .strictObject({
    src: texts.min(1),
    dst: texts.min(1),
    ip: texts.min(1).optional(),
    app: z.record(z.string(), z.array(z.unknown())).optional(),
    via: texts.optional(),
    srcPosture: texts.optional(),
  })
  .refine(({ ip, app }) => ip !== undefined || app !== undefined, "needs ip or app");

const sshRule = z.strictObject({
  action: z.enum(["accept", "check"]),
  src: texts.min(1),
  dst: texts.min(1),
  users: texts.min(1),
  checkPeriod: z.string().optional(),
  acceptEnv: texts.optional(),
});

const test = z.strictObject({
  src: z.string(),
  proto: z.string().default(""),
  accept: texts.default([]),
  deny: texts.default([]),
});

const sshTest = z
  .strictObject({
    src: z.string(),
    dst: texts.min(1),
    accept: texts.optional(),
    check: texts.optional(),
    deny: texts.optional(),
  })
  .refine(
    ({ accept, check, deny }) => [accept, check, deny].some((users) => users !== undefined),
    "needs accept, check or deny",
  );

const nodeAttribute = z.strictObject({
  target: texts.min(1),
  attr: texts.optional(),
  app: z.record(z.string(), z.array(z.unknown())).optional(),
  ipPool: texts.optional(),
});

/** Tests as `acl/validate` takes them, and as the policy has them. */
export const testsForm = z.array(test);

/** The sections that the lab supports (https://tailscale.com/kb/1337/policy-syntax). */
const policyForm = z.strictObject({
  groups: listsByName,
  hosts: z.record(z.string(), z.string()).default({}),
  ipsets: listsByName,
  postures: listsByName,
  defaultSrcPosture: texts.default([]),
  tagOwners: listsByName,
  autoApprovers: z
    .strictObject({ routes: listsByName, exitNode: texts.default([]), services: listsByName })
    .default({ routes: {}, exitNode: [], services: {} }),
  acls: z.array(acl).default([]),
  grants: z.array(grant).default([]),
  ssh: z.array(sshRule).default([]),
  nodeAttrs: z.array(nodeAttribute).default([]),
  randomizeClientPort: z.boolean().default(false),
  tests: testsForm.default([]),
  sshTests: z.array(sshTest).default([]),
});

/** A policy's sections as written, their defaults filled in. */
export type PolicyForm = z.infer<typeof policyForm>;
/** One entry of `tests`. */
export type PolicyTest = z.infer<typeof test>;

const sections = new Map(Object.keys(policyForm.shape).map((name) => [name.toLowerCase(), name]));

/** Sections that Tailscale has and the lab does not: to ignore one would change what a policy says. */
const unsupported = new Set(["derpmap", "disableipv4", "onecgnatroute"]);

/**
 * Checks the form of a policy: its sections, their fields and types. Names of sections are read
 * in any case, as Tailscale does.
 * @throws ApiError 400 with the first thing that is wrong; 501 for a section that the lab lacks.
 */
export function readPolicyForm(value: Json): PolicyForm {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new ApiError(400, "a policy is an object: {...}");
  const named: Record<string, Json> = {};
  for (const [given, section] of Object.entries(value)) {
    const name = sections.get(given.toLowerCase());
    if (unsupported.has(given.toLowerCase()))
      throw new ApiError(501, `the lab does not support the policy section "${given}"`);
    if (name === undefined) throw new ApiError(400, `unknown policy section "${given}"`);
    if (name in named) throw new ApiError(400, `policy section "${given}" is given twice`);
    named[name] = section;
  }
  const read = policyForm.safeParse(named);
  if (read.success) return read.data;
  throw new ApiError(400, firstIssue(read.error));
}

/** What is wrong first, with its place: `acls[0].dst: ...`. */
export function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return error.message;
  const place = issue.path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
  const wrong =
    issue.code === "unrecognized_keys"
      ? `unknown field "${issue.keys.join('", "')}"`
      : issue.message;
  return place === "" ? wrong : `${place}: ${wrong}`;
}
