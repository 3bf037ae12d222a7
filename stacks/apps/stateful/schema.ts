import { z } from "zod";
import { ipv4, label } from "../../config/forms.ts";
import { exposure, image, running, variables, variablesOnce } from "../schema.ts";
import { withVariables } from "./pods.ts";
import type { StatefulConfig, StatefulRecipe, VolumeRecipe } from "./recipe.ts";

function volumeSchema({ name, sizeGiB, shared = false, backup }: VolumeRecipe) {
  const kind = shared ? "file" : "block";
  return z
    .strictObject({
      sizeGiB: z.int().min(1).default(sizeGiB).describe("Its size; it may grow, and never shrinks"),
      class: label.optional().meta({
        description: `Class of storage, of the kind \`${kind}\`; the site's default when left out. A volume stays in its class`,
        examples: [shared ? "ceph-filesystem" : "ceph-block"],
      }),
    })
    .prefault({})
    .describe(`The volume ${name}${backup ? "" : "; what is in it can be made or had again"}`);
}

/** How the config of such an application reads. */
export function statefulSchema<Extra extends z.ZodRawShape>(recipe: StatefulRecipe<Extra>) {
  const { outside, volumes, extra, about } = recipe;
  const ports = (outside ?? []).map(({ port }) => port).join(", ");
  return z
    .strictObject({
      image: image.default(recipe.image),
      ...running,
      ...exposure,
      ...(outside === undefined
        ? {}
        : {
            address: ipv4.optional().meta({
              description: `Address of \`network.loadBalancers\` at which the LAN reaches it past the gateways, on ${ports}; none without`,
              examples: ["10.96.0.20"],
            }),
          }),
      volumes: z
        .strictObject(
          Object.fromEntries(volumes.map((volume) => [volume.name, volumeSchema(volume)])),
        )
        .prefault({})
        .describe("Its volumes, which stay when it goes"),
      memory: z
        .string()
        .regex(/^\d+(Mi|Gi)$/, "use a size such as 512Mi or 2Gi")
        .default(recipe.memory.limit)
        .describe("The most memory that its container gets"),
      ...variables,
      ...(extra ?? {}),
    })
    .superRefine((config, context) => {
      variablesOnce({ ...config, logins: withVariables(recipe, config) }, context);
    })
    .describe(about) as unknown as z.ZodType<StatefulConfig & z.infer<z.ZodObject<Extra>>>;
}
