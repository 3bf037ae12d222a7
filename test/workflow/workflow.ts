/** The repository's workflow as data. A key that is not played is refused: it would be as if it were not there. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { projectDirectory } from "../../scripts/site-stack.ts";

const values = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean()]).transform(String),
);
const permissions = z.record(z.string(), z.enum(["read", "write", "none"]));

const step = z.strictObject({
  name: z.string().optional(),
  if: z.string().optional(),
  env: values.optional(),
  uses: z.string().optional(),
  with: values.optional(),
  run: z.string().optional(),
});

const job = z.strictObject({
  needs: z.union([z.string(), z.array(z.string())]).optional(),
  if: z.string().optional(),
  environment: z.string().optional(),
  "runs-on": z.literal("ubuntu-24.04"),
  "timeout-minutes": z.number(),
  permissions: permissions.optional(),
  strategy: z
    .strictObject({
      "fail-fast": z.literal(false),
      matrix: z.strictObject({ stack: z.array(z.string()).min(1) }),
    })
    .optional(),
  env: values.optional(),
  steps: z.array(step).min(1),
});

const workflow = z.strictObject({
  name: z.string(),
  on: z.strictObject({ pull_request: z.null() }),
  permissions,
  concurrency: z.strictObject({ group: z.string(), "cancel-in-progress": z.boolean() }),
  jobs: z.record(z.string(), job),
});

export type Step = z.infer<typeof step>;
export type Job = z.infer<typeof job>;
export type Workflow = z.infer<typeof workflow>;

/** `.github/workflows/pull-request.yml`. Throws for a key that is not played. */
export function readWorkflow(): Workflow {
  const file = join(projectDirectory, ".github/workflows/pull-request.yml");
  return workflow.parse(parse(readFileSync(file, "utf8")));
}
