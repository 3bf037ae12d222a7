import { z } from "zod";
import { kindOf, storeKinds } from "./kinds.ts";

const forms = Object.values(storeKinds).map(({ form }) => form);

/** The address of a store: its kind, and words that find it. */
const address = z.string().regex(
  new RegExp(
    `^(?:${forms.map((form) => form.replaceAll(/[A-Z]+/g, "[a-z][a-z0-9_-]*")).join("|")})$`,
  ),
  // What is asked of an address further on asks it for its kind.
  { error: `name a store as ${forms.join(" or ")}`, abort: true },
);

const login = z.strictObject({
  to: address.meta({
    description: `Store of the site, as ${forms.map((form) => `\`${form}\``).join(" or ")}`,
    examples: ["postgres/main/photos"],
  }),
  environment: z
    .record(
      z
        .string()
        .regex(/^[A-Z][A-Z0-9_]*$/, "use an environment variable's name")
        .meta({ examples: ["DATABASE_URL"] }),
      z.string().meta({ examples: ["uri"] }),
    )
    .optional()
    .meta({
      description:
        "Variables, and what of the login each holds; those in which programs of this kind look by themselves when left out, and none with `folder`",
      examples: [{ DATABASE_URL: "uri" }],
    }),
  folder: z
    .string()
    .regex(/^(\/[\w-][\w.-]*)+$/, "use a whole path such as /run/postgres")
    .optional()
    .meta({
      description: "Folder of the pods in which each part of the login is a file",
      examples: ["/run/postgres"],
    }),
});

/** Stores of the site that an application logs in to. */
export const logins = z
  .array(login)
  .default([])
  .describe(
    "Stores of the site that it keeps data in: each gives it a login, and lets its pods in and nobody else",
  );

/** Stores that an application logs in to, as it was read. */
export type Logins = z.infer<typeof logins>;

/** The variables of a login, and what of it each holds. */
export function variablesOf({
  to,
  environment,
  folder,
}: Logins[number]): Readonly<Record<string, string>> {
  return environment ?? (folder === undefined ? kindOf(to).variables : {});
}
