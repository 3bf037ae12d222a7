/** What the configs of applications have in common. */
import { z } from "zod";
import { domain, imageName } from "../config/forms.ts";
import { secretRef, type SecretForm } from "../config/secret-ref.ts";
import { logins, variablesOf } from "../logins/schema.ts";
import { egress } from "../parts/policies/schema.ts";
import { door, expose } from "./expose-schema.ts";

/** What every application's config has: its names, who stands at its door, what it may reach, where it keeps data, and its devices. */
export const exposure = {
  hostname: domain.optional().meta({
    description:
      "Public name inside `edge.zone`, short for an entry of `expose` that is `public`; none without",
    examples: ["app.example.net"],
  }),
  ...door,
  expose,
  egress,
  logins,
  devices: z
    .array(z.string())
    .default([])
    .meta({
      description: "Names of `homelab:devices` that its container gets",
      examples: [["gpu"]],
    }),
};

/** An application's exposure as it was read. */
export type Exposure = z.infer<z.ZodObject<typeof exposure>>;

const variable = z.string().regex(/^[A-Z][A-Z0-9_]*$/, "use an environment variable's name");

const registryPassword: SecretForm = {
  pattern: /^[^\x00-\x1f\x7f]+$/,
  text: "is read, but holds a line break or another control character; keep the bare password",
};

/** Image of an application, without its tag. */
export const image = imageName.meta({
  description: "Image of the application, without its tag",
  examples: ["ghcr.io/example/app"],
});

/** What an application runs, and what it is told. */
export const running = {
  version: z
    .string()
    .regex(
      /^(?!latest(?:@|$))\w[\w.-]{0,127}(?:@sha256:[0-9a-f]{64})?$/,
      "use a released tag, not latest; @sha256:DIGEST after it pins its content",
    )
    .meta({ description: "Tag of the image, perhaps with @sha256:DIGEST", examples: ["v1.4.0"] }),
  pull: z
    .strictObject({
      username: z
        .string()
        .regex(/^[^:\x00-\x1f\x7f]+$/, "use the user's name, without a colon")
        .meta({ description: "Name of the user", examples: ["homelab"] }),
      password: secretRef(
        "Password or token of the image's registry",
        "op://Homelab/Registry/password",
        registryPassword,
      ),
    })
    .optional()
    .describe(
      "Who pulls the image, where it is private: for this application alone, not for all nodes as `cluster.registries`",
    ),
};

/** Environment that anybody may see, and by secret reference. */
export const variables = {
  environment: z
    .record(variable, z.string())
    .default({})
    .meta({
      description: "Environment of the application that is no secret",
      examples: [{ NODE_ENV: "production" }],
    }),
  settings: z
    .record(variable, secretRef("Secret reference", "op://Homelab/App/session-secret"))
    .default({})
    .describe("Environment of the application, by secret reference"),
};

/** What `variables` and logins say of an application's environment. */
interface Told extends Pick<Exposure, "logins"> {
  readonly environment: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
}

/** No variable is set twice: by `environment`, `settings` or a login. */
export function variablesOnce(
  { environment, settings, logins: all }: Told,
  context: z.RefinementCtx,
): void {
  if (Object.keys(settings).some((name) => name in environment))
    context.addIssue({
      code: "custom",
      path: ["environment"],
      message: "has a variable that `settings` has too; remove one of them",
    });
  all.forEach((login, i) => {
    for (const name of Object.keys(variablesOf(login)))
      if (name in environment || name in settings)
        context.addIssue({
          code: "custom",
          path: ["logins", i],
          message: `sets ${name}, which \`environment\` or \`settings\` sets too; remove it there, or name variables in \`environment\` of the login`,
        });
  });
}
